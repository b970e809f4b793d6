package data

import (
	"math"
	"strconv"

	"github.com/fwlab/fw/core/rng"
)

// openSynthetic makes random images, a pure function of split and index; for benchmarks.
func openSynthetic(o Options) (*Set, error) {
	count, classes, size, channels := max(o.Count, 1), max(o.Classes, 1), max(o.Size, 1), 3
	if o.Channels == 1 {
		channels = 1
	}
	set := &Set{Channels: channels}
	for range channels { // of evenly distributed bytes
		set.Mean, set.Std = append(set.Mean, 0.5), append(set.Std, 0.2898)
	}
	for c := range classes {
		set.Classes = append(set.Classes, strconv.Itoa(c))
	}
	test := int(math.Round(float64(count) * o.Holdout))
	part := func(split string, n int) Dataset {
		return &synthetic{split, rng.New(0).FoldString(split), n, classes, size, channels}
	}
	return set.arrange(part("train", count-test), part("test", test), o)
}

type synthetic struct {
	split                          string
	key                            rng.Key
	count, classes, size, channels int
}

func (s *synthetic) Len() int { return s.count }

func (s *synthetic) Decode(i int) (Image, error) {
	k := s.key.Fold(uint64(i))
	img := Image{make([]uint8, s.size*s.size*s.channels), s.size, s.size, s.channels}
	for p := 0; p < len(img.Pix); p += 16 {
		w := k.Block(uint64(p / 16))
		for j := 0; j < 16 && p+j < len(img.Pix); j++ {
			img.Pix[p+j] = uint8(w[j/4] >> (8 * (j % 4)))
		}
	}
	return img, nil
}

func (s *synthetic) Label(i int) (int, bool) { return i % s.classes, true }
func (s *synthetic) ID(i int) string         { return s.split + "[" + strconv.Itoa(i) + "]" }
