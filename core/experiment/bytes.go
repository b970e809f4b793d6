package experiment

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
)

// units of memory; the longer names first, as their ends are units too.
var units = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

var errBytes = errors.New("expected a number with a unit, as in 2GB or 512MiB")

// parseBytes reads "1.5GB"; "" is 0.
func parseBytes(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	for _, u := range units {
		text, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		text = strings.TrimSpace(text)
		if text == "" || !slices.Contains([]byte("0123456789."), text[len(text)-1]) || strings.ContainsAny(text, "xX_+-eEpP") {
			return 0, errBytes
		}
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || x*u.bytes < 1 || x*u.bytes > math.MaxInt64/2 {
			return 0, errBytes
		}
		return int(x * u.bytes), nil
	}
	return 0, errBytes
}
