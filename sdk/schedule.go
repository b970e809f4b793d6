package sdk

import "math"

// StepsPerEpoch is the number of updates in one pass over the training set, whose
// last, smaller batch is dropped.
func (s *Step) StepsPerEpoch() int { return max(1, s.Samples()/max(1, s.Batch())) }

// Progress is the share of all updates that is done, f32[] from 0 below 1.
func (s *Step) Progress() Value { return s.StepNumber().Float().Div(s.TotalSteps().Float()) }

// Cosine goes from one value to another along half a cosine over the whole run.
func (s *Step) Cosine(from, to float64) Value { return s.CosineWithin(1, from, to) }

// CosineWithin is Cosine over the first share of the run, and to after it.
func (s *Step) CosineWithin(share, from, to float64) Value {
	if share <= 0 {
		return s.Scalar(to)
	}
	done := s.Progress()
	if share < 1 {
		done = done.Scale(1 / share).MinConst(1)
	}
	return done.Scale(math.Pi).Cos().AddConst(1).Scale((from - to) / 2).AddConst(to)
}

// CosineTo is 1 - (1-base)(cos(pi k/K)+1)/2 at step k of K: from base to 1 (Grill et al. 2020).
func (s *Step) CosineTo(base float64) Value { return s.Cosine(base, 1) }

// After holds from update step on, counted from 0.
func After(b *Builder, step int) Value {
	n := b.StepNumber()
	return n.GreaterEq(b.Fill(n.Shape(), float64(step)))
}

// FirstStep holds in the first update of the run alone.
func FirstStep(b *Builder) Value { return b.StepNumber().EqConst(0) }
