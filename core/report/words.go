package report

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"strconv"
	"strings"
)

func percent(v Float) string {
	if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
		return "–"
	}
	return oneDecimal(float64(v)) + " %"
}

func oneDecimal(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// share writes a share from 0 to 1 as percent, small ones with more digits.
func share(v float64) string {
	v *= 100
	switch {
	case v == 0:
		return "0"
	case v < 0.01:
		return "<0.01"
	case v < 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// signed writes a difference with its sign; the minus is a true one.
func signed(v float64) string {
	if v < 0 {
		return fmt.Sprintf("−%.1f", -v)
	}
	return fmt.Sprintf("+%.1f", v)
}

func short(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

// scaled writes v with three digits in the largest unit below it.
func scaled(v, base float64, units ...string) (number, unit string) {
	i := 0
	for v >= base*0.9995 && i < len(units)-1 {
		v, i = v/base, i+1
	}
	digits := 0
	if i > 0 && v < 100 {
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64), units[i]
}

// grouped writes a count in groups of three digits; small ones with a decimal.
func grouped(v float64) string {
	if v < 10 && v != math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	s := strconv.FormatFloat(v, 'f', 0, 64)
	var parts []string
	for len(s) > 3 {
		parts = append([]string{s[len(s)-3:]}, parts...)
		s = s[:len(s)-3]
	}
	return strings.Join(append([]string{s}, parts...), "\u202f") // narrow spaces
}

func duration(seconds float64) string {
	s := int(math.Round(seconds))
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	}
	return fmt.Sprintf("%d h %d min", s/3600, s%3600/60)
}

func pngWidth(data []byte) (int, error) {
	c, err := png.DecodeConfig(bytes.NewReader(data))
	return c.Width, err
}
