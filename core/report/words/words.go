// Package words owns numbers as people read them: on the page, on the screen.
// Start from any of its functions.
package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// OneDecimal writes v as "84.1".
func OneDecimal(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// Short writes v with three significant digits, whole numbers up to a million in full.
func Short(v float64) string {
	if a := math.Abs(v); a >= 1000 && a < 1e6 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// Share writes a share from 0 to 1 as percent without its sign, small ones with more digits.
func Share(v float64) string {
	v *= 100
	switch {
	case v == 0:
		return "0"
	case v < 0.01:
		return "<0.01"
	case v < 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return OneDecimal(v)
}

// Signed writes a difference with its sign; the minus is a true one.
func Signed(v float64) string {
	if v < 0 {
		return fmt.Sprintf("−%.1f", -v)
	}
	return fmt.Sprintf("+%.1f", v)
}

// Scaled writes v in the largest of units, each base times the one before, that
// it fills.
func Scaled(v, base float64, units ...string) (number, unit string) {
	i := 0
	for v >= base*0.9995 && i < len(units)-1 {
		v, i = v/base, i+1
	}
	if i > 0 && v < 100 {
		return OneDecimal(v), units[i]
	}
	return strconv.FormatFloat(v, 'f', 0, 64), units[i]
}

// Grouped writes a count in groups of three digits, small fractions with a decimal.
func Grouped(v float64) string {
	if v < 10 && v != math.Trunc(v) {
		return OneDecimal(v)
	}
	s := strconv.FormatFloat(v, 'f', 0, 64)
	var groups []string
	for len(s) > 3 {
		groups = append([]string{s[len(s)-3:]}, groups...)
		s = s[:len(s)-3]
	}
	return strings.Join(append([]string{s}, groups...), "\u202f") // narrow spaces
}

// Duration writes d with its two largest units.
func Duration(d time.Duration) string {
	s := int(math.Round(d.Seconds()))
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	}
	return fmt.Sprintf("%d h %d min", s/3600, s%3600/60)
}
