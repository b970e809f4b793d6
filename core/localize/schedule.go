package localize

import "github.com/fwlab/fw/core/view"

// Heat says what makes a place hot.
type Heat string

const (
	Sum       Heat = "sum"       // of the feature map's channels, for maps after a ReLU
	Norm      Heat = "norm"      // over the feature map's channels, for maps that may be negative
	Attention Heat = "attention" // of a transformer's class token to the patches
)

// Schedule says when boxes are used and found. Everything in it is a function of
// the number of epochs done, so a resumed run does as one that runs through.
type Schedule struct {
	WarmupEpochs int // the first epochs crop without boxes
	EveryEpochs  int // boxes are found anew after epochs that are multiples of it; 0: never
	Threshold    float32
	Initial      view.Box // until boxes are found
	Heat         Heat
}

// Used reports whether the epoch after done epochs crops by boxes.
func (s *Schedule) Used(done int) bool { return done >= s.WarmupEpochs }

// Due reports whether boxes are found anew after done of so many epochs: never
// after the last, as nothing would see them.
func (s *Schedule) Due(done, epochs int) bool {
	return s.EveryEpochs > 0 && done > 0 && done >= s.WarmupEpochs && done%s.EveryEpochs == 0 && done < epochs
}

// Ever reports whether boxes are found at all.
func (s *Schedule) Ever(epochs int) bool {
	for done := range epochs {
		if s.Due(done, epochs) {
			return true
		}
	}
	return false
}
