package colorization

import (
	"math"
	"sync"
)

// gamut is the points of a grid of 10 in ab space that are nearest to some colour of
// sRGB, in order of a and b (Zhang et al. 2016, section 2.2, whose 313 are those that
// their file has). The colours are those on the faces of the cube: a line of equal a
// and b leaves the cube there.
var gamut = sync.OnceValue(func() (points [][]float64) {
	var near [24][24]bool
	for u := 0; u < 256; u++ {
		for v := 0; v < 256; v++ {
			for _, face := range []uint8{0, 255} {
				s, t := uint8(u), uint8(v)
				for _, rgb := range [][3]uint8{{face, s, t}, {s, face, t}, {s, t, face}} {
					a, b := ab(rgb)
					near[12+int(math.RoundToEven(a/10))][12+int(math.RoundToEven(b/10))] = true
				}
			}
		}
	}
	for i, row := range near {
		for j, is := range row {
			if is {
				points = append(points, []float64{float64(10 * (i - 12)), float64(10 * (j - 12))})
			}
		}
	}
	return points
})

// ab is the chroma of a colour in CIE L*a*b* under D65.
func ab(rgb [3]uint8) (a, b float64) {
	light := lights()
	response := func(white, r, g, b float64) float64 {
		t := (r*light[rgb[0]] + g*light[rgb[1]] + b*light[rgb[2]]) / white
		if t > 0.008856 {
			return math.Cbrt(t)
		}
		return 7.787*t + 16./116
	}
	x := response(0.95047, 0.412453, 0.357580, 0.180423)
	y := response(1, 0.212671, 0.715160, 0.072169)
	z := response(1.08883, 0.019334, 0.119193, 0.950227)
	return 500 * (x - y), 200 * (y - z)
}

// lights is the light of each level of sRGB.
var lights = sync.OnceValue(func() (t [256]float64) {
	for i := range t {
		if c := float64(i) / 255; c <= 0.04045 {
			t[i] = c / 12.92
		} else {
			t[i] = math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return t
})
