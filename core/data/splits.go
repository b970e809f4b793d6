package data

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/rng"
)

// draw is a number of [0,1) that depends on a purpose and a name alone, so that
// adding or removing other images never moves an image.
func draw(purpose, name string) float32 {
	return rng.Uniform01(rng.New(0).FoldString(purpose).FoldString(name).Word(0))
}

// cut keeps back the last share of d, rounded to whole images.
func cut(d Dataset, share float64) (train, test Dataset) {
	n := d.Len() - int(math.Round(share*float64(d.Len())))
	return part(d, 0, n), part(d, n, d.Len())
}

// arrange gives a set its splits out of the two that it has. One that is named
// for both is cut by the holdout.
func (s *Set) arrange(train, test Dataset, o Options) (*Set, error) {
	by := map[string]Dataset{"": train, "train": train, "test": test}
	s.Train = by[o.TrainSplit]
	if o.TestSplit == "" {
		by[""] = test
	}
	s.Test = by[o.TestSplit]
	if s.Train == nil {
		return nil, fmt.Errorf("no train_split %q; expected train or test", o.TrainSplit)
	}
	if s.Test == nil {
		return nil, fmt.Errorf("no test_split %q; expected train or test", o.TestSplit)
	}
	if s.Train == s.Test {
		if o.Holdout == 0 {
			return nil, fmt.Errorf("train_split and test_split are one, so that probes would be tested on what they learn from; give two")
		}
		s.Train, s.Test = cut(s.Train, o.Holdout)
	}
	return s, nil
}
