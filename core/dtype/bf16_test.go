package dtype

import (
	"math"
	"testing"
)

func TestBF16FromF32(t *testing.T) {
	for _, c := range []struct {
		from uint32
		to   uint16
	}{
		{0x3f800000, 0x3f80}, // 1
		{0x3f808000, 0x3f80}, // a tie goes to the even one, below
		{0x3f818000, 0x3f82}, // and above
		{0x3f808001, 0x3f81},
		{0xbf80ffff, 0xbf81},
		{0x7f7fffff, 0x7f80}, // the largest float32 is nearer to infinity
		{0xff800000, 0xff80},
		{0x7f800001, 0x7fc0}, // NaN stays NaN
		{0xffc12345, 0xffc1},
		{0, 0}, {0x80000000, 0x8000},
		{0x007fffff, 0}, {0x80000001, 0x8000}, // denormals are zeros
		{0x00800000, 0x0080}, // the smallest normal
	} {
		if got := BF16FromF32(c.from); got != c.to {
			t.Errorf("%#08x becomes %#04x, expected %#04x", c.from, got, c.to)
		}
	}
	for b := range 1 << 16 { // what is a bfloat16 stays
		f := F32FromBF16(uint16(b))
		if v := math.Float32frombits(f); v != v || f&0x7f800000 == 0 {
			continue
		}
		if got := BF16FromF32(f); got != uint16(b) {
			t.Fatalf("%#04x becomes %#04x", b, got)
		}
	}
}
