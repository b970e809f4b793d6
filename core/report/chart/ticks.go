package chart

import (
	"math"
	"strconv"
)

// ticks are round numbers from lo to hi, about n of them, and the decimals
// that tell them apart.
func ticks(lo, hi float64, n int) (at []float64, decimals int) {
	raw := (hi - lo) / float64(n)
	if !(raw > 0) || math.IsInf(raw, 0) {
		return nil, 0
	}
	power := math.Floor(math.Log10(raw))
	step := math.Pow(10, power)
	for _, m := range []float64{1, 2, 5, 10} {
		if m*step >= raw*0.999 {
			step *= m
			break
		}
	}
	decimals = max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+1e-9*step && len(at) < 4*n; i++ {
		at = append(at, i*step+0) // the sum makes 0 of -0
	}
	return at, decimals
}

// axisNumber writes v with the decimals of its axis; very small and very large
// ones in powers of ten.
func axisNumber(v float64, decimals int) string {
	if decimals > 4 || math.Abs(v) >= 1e6 {
		if v == 0 {
			return "0"
		}
		return strconv.FormatFloat(v, 'e', 1, 64)
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if v < 0 && s[1:] == strconv.FormatFloat(0, 'f', decimals, 64) {
		return s[1:] // no "-0.0"
	}
	return s
}

// num writes a place with one decimal, which is finer than a pixel.
func num(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// sig keeps five significant digits.
func sig(v float64) float64 {
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64)
	return short
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
