package diagnose

import (
	"math"
	"strings"
	"testing"
)

// curve is n losses from a to b, falling exponentially, with a ripple.
func curve(n int, a, b, ripple float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = b + (a-b)*math.Exp(-6*float64(i)/float64(n)) + ripple*math.Sin(float64(i)*1.7)
	}
	return v
}

func TestLook(t *testing.T) {
	floors := []Floor{{"the untrained encoder", 78.9}, {"raw pixels", 80.1}}
	for _, c := range []struct {
		name string
		e    Evidence
		want []string // codes, in order
		says string
	}{
		{"nothing known", Evidence{}, nil, ""},
		{"healthy", Evidence{Loss: curve(500, 6.2, 4.8, 0.05), Classes: 511, Std: 0.08, Dim: 128, RankMe: 40, Samples: 2000, Probes: []Probe{{"kNN", 84.1, floors}}}, nil, ""},
		{"too early to judge", Evidence{Loss: curve(40, 6.236, 6.236, 0), Classes: 511}, nil, ""},
		{"slow start at chance, but falling", Evidence{Loss: curve(200, 1.40, 1.37, 0)[:100], Classes: 4}, nil, ""},
		{"at chance", Evidence{Loss: curve(300, 6.3, 6.239, 0.01), Classes: 512}, []string{LossAtChance}, "the loss sits at 6.24 = ln 512: as good as guessing among 512"},
		{"queue at chance", Evidence{Loss: curve(300, 8.4, 8.318, 0.001), Classes: 4097}, []string{LossAtChance}, "8.32 = ln 4097"},
		{"stuck elsewhere", Evidence{Loss: curve(300, 2, 2.5, 0.01), Classes: 512}, []string{LossNotFalling}, "from 2.12 to 2.5"},
		{"a negative loss falls", Evidence{Loss: curve(300, -0.1, -0.9, 0.01)}, nil, ""},
		{"NaN", Evidence{Loss: append(curve(300, 6, 5, 0), math.NaN(), 5)}, []string{LossNotFinite}, "is NaN from record 301 on"},
		{"a point", Evidence{Loss: curve(300, -0.1, -1, 0), Std: 0.0003, Dim: 128, RankMe: 1, Samples: 500}, []string{Collapsed}, "std 0.0003: the embeddings have collapsed to a point"},
		{"near a point", Evidence{Std: 0.005, Dim: 128, RankMe: 90, Samples: 500}, []string{NearCollapse}, "0.088"},
		{"embeddings at a point", Evidence{Std: 0.08, Dim: 128, RankMe: 40, Samples: 500, Spread: []float64{0.9, 0.004}}, []string{Collapsed}, "train/spread 0.004"},
		{"embeddings near a point", Evidence{Spread: []float64{0.9, 0.06}}, []string{NearCollapse}, "may be about to collapse"},
		{"embeddings spread", Evidence{Spread: []float64{0.02, 0.9}}, nil, ""},
		{"one warning of collapse", Evidence{Std: 0, Dim: 128, Spread: []float64{0}}, []string{Collapsed}, "std 0"},
		{"a plane", Evidence{Std: 0.06, Dim: 256, RankMe: 2.1, Samples: 500}, []string{LowRank}, "RankMe 2.1 of at most 256"},
		{"below pixels", Evidence{Probes: []Probe{{"kNN", 79.5, floors}}}, []string{BelowFloor}, "kNN gives 79.5 %, raw pixels alone 80.1 %"},
		{"collapse comes first", Evidence{Loss: curve(300, 6.24, 6.238, 0), Classes: 512, Std: 0, Dim: 128, Probes: []Probe{{"kNN", 10, floors}}}, []string{Collapsed, LossAtChance, BelowFloor, BelowFloor}, ""},
	} {
		var codes, words []string
		for _, w := range Look(c.e) {
			codes, words = append(codes, w.Code), append(words, w.Message)
		}
		if strings.Join(codes, " ") != strings.Join(c.want, " ") || !strings.Contains(strings.Join(words, "\n"), c.says) {
			t.Errorf("%s: got %v, expected %v\n%s", c.name, codes, c.want, strings.Join(words, "\n"))
		}
	}
}
