package pix

import "math"

// linear is each level of sRGB as a share of the light (IEC 61966-2-1).
var linear = func() (t [256]float64) {
	for i := range t {
		v := float64(i) / 255
		if v <= 0.04045 {
			t[i] = v / 12.92
		} else {
			t[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return t
}()

// xyz is linear sRGB to CIE XYZ, each row divided by that of D65 for the 2 degree
// observer.
var xyz = [3][3]float64{
	{0.412453 / 0.95047, 0.357580 / 0.95047, 0.180423 / 0.95047},
	{0.212671, 0.715160, 0.072169},
	{0.019334 / 1.08883, 0.119193 / 1.08883, 0.950227 / 1.08883},
}

// Lab writes CIE L*a*b* of RGB pixels.
func Lab(dst []float32, src []uint8) {
	for ; len(src) >= 3; src, dst = src[3:], dst[3:] {
		r, g, b := linear[src[0]], linear[src[1]], linear[src[2]]
		var f [3]float64
		for i, m := range xyz {
			f[i] = response(float64(m[0]*r) + float64(m[1]*g) + float64(m[2]*b))
		}
		dst[0] = float32(float64(116*f[1]) - 16)
		dst[1] = float32(500 * (f[0] - f[1]))
		dst[2] = float32(200 * (f[1] - f[2]))
	}
}

// response is the cube root, and a line near black.
func response(t float64) float64 {
	if t > 0.008856 {
		return math.Cbrt(t)
	}
	return float64(7.787*t) + 16.0/116
}
