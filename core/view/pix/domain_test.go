package pix

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// Every colour through PIL's conversions and every pair of levels through its
// blend give PIL's bytes (testdata/make_fixtures.py has the hashes).
func TestWholeDomainsEqualPIL(t *testing.T) {
	var want struct{ SHA256 map[string]string }
	b, err := os.ReadFile("../testdata/cases.json")
	if err == nil {
		err = json.Unmarshal(b, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	cube := func(f func(a, b, c uint8) []uint8) []uint8 {
		var out []uint8
		for n := range 1 << 24 {
			out = append(out, f(uint8(n>>16), uint8(n>>8), uint8(n))...)
		}
		return out
	}
	for name, got := range map[string]func() []uint8{
		"luma": func() []uint8 { return cube(func(r, g, b uint8) []uint8 { return []uint8{luma(r, g, b)} }) },
		"rgb-to-hsv": func() []uint8 {
			return cube(func(r, g, b uint8) []uint8 { h, s, v := rgbToHSV(r, g, b); return []uint8{h, s, v} })
		},
		"hsv-to-rgb": func() []uint8 {
			return cube(func(h, s, v uint8) []uint8 { r, g, b := hsvToRGB(h, s, v); return []uint8{r, g, b} })
		},
		"blend": func() []uint8 {
			var out []uint8
			for i := range 41 { // numpy's arange(0, 2.05, 0.05)
				for n := range 1 << 16 {
					out = append(out, blend(uint8(n>>8), uint8(n), float32(float64(i)*0.05)))
				}
			}
			return out
		},
	} {
		t.Run(name, func(t *testing.T) {
			sum := sha256.Sum256(got())
			if hex.EncodeToString(sum[:]) != want.SHA256[name] {
				t.Error("differs from PIL")
			}
		})
	}
}
