package words

import (
	"testing"
	"time"
)

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		Share(0): "0", Share(0.00001): "<0.01", Share(0.0021): "0.21", Share(0.5): "50.0",
		Signed(-1.2): "−1.2", Signed(3): "+3.0", Short(0.00012345): "0.000123",
		Grouped(1431.2): "1\u202f431", Grouped(7.25): "7.2", Grouped(12345678): "12\u202f345\u202f678",
		Duration(59400 * time.Millisecond): "59 s", Duration(128 * time.Second): "2 min 8 s", Duration(7260 * time.Second): "2 h 1 min",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for v, want := range map[float64]string{999: "999 ", 1000: "1.0 k", 999_999: "1.0 M", 11_200_000: "11.2 M", 187_392: "187 k"} {
		if n, unit := Scaled(v, 1000, "", "k", "M"); n+" "+unit != want {
			t.Errorf("%v is %q, want %q", v, n+" "+unit, want)
		}
	}
}
