package samples

import (
	"fmt"
	"math"
	"path"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
)

// Traced is an objective at one size of the batch.
type Traced struct {
	Flat  *link.Flat
	Batch int
}

// Verdict is what becomes of an objective whose batch is cut into parts.
type Verdict struct {
	// Norm is whether batch statistics are those of a part.
	Norm bool
	// States are those that the batch changes, but for running statistics: each part
	// goes on from what the one before left.
	States []string
}

// Divisible finds out whether the gradient of a whole batch is the mean of the
// gradients of its parts: the loss must be a mean over images of what depends on one
// image alone, apart from batch statistics, and may not go by a state that the batch
// changes. It compares two traces, of a batch and of twice as many images, as a mean
// and a sum over images look alike in one; a constant inside of a loss, such as a
// temperature, is taken not to depend on the size of the batch. The error says what
// joins images, and where.
func Divisible(once, twice Traced) (*Verdict, error) {
	a, b := analyseTraced(once), analyseTraced(twice)
	loss, at := a.loss(once), a.loss(once).At
	switch loss.Kind {
	case Mixed, Statistic:
		return nil, fmt.Errorf("the loss is no mean over images: %s joins those of a batch, as a loss does that compares images with one another; its gradient needs the whole batch", where(at))
	case Each:
		return nil, fmt.Errorf("the loss is that of one image of the batch alone")
	}
	other := b.loss(twice)
	if other.Kind != loss.Kind || len(other.Scales) != len(loss.Scales) {
		return nil, fmt.Errorf("the loss is made in another way for a batch of %d than for one of %d", once.Batch, twice.Batch)
	}
	for i, s := range loss.Scales {
		if ratio := other.Scales[i] / s; math.Abs(ratio-0.5) > 1e-4 {
			return nil, fmt.Errorf("the loss is no mean over images: a term of it has the weight %.4g in a batch of %d and %.4g in one of %d; expected half", s, once.Batch, other.Scales[i], twice.Batch)
		}
	}
	v := &Verdict{Norm: loss.Norm}
	for _, s := range once.Flat.States {
		if k := a.Values[s.Next].Kind; k == Free || k == Statistic {
			continue
		}
		if a.reads(once, s.Input) {
			return nil, fmt.Errorf("the loss goes by state %s, which the batch changes: the second part of a batch would see what the first left there", s.Name)
		}
		v.States = append(v.States, s.Name)
	}
	return v, nil
}

func analyseTraced(t Traced) *Analysis {
	return Analyse(t.Flat.Func, t.Batch, func(name string) bool {
		return name == link.IndexInput || len(name) > len(link.BatchPrefix) && name[:len(link.BatchPrefix)] == link.BatchPrefix
	})
}

func (a *Analysis) loss(t Traced) Value {
	v, _ := t.Flat.Func.Output(link.LossOutput)
	return a.Values[v]
}

// reads is whether the loss is made from v.
func (a *Analysis) reads(t Traced, v ir.ID) bool {
	from := make([]bool, len(a.f.Shapes))
	from[v] = true
	for i := range a.f.Instrs {
		in := &a.f.Instrs[i]
		for _, w := range in.In {
			if from[w] {
				for _, o := range in.Out {
					from[o] = true
				}
			}
		}
	}
	loss, _ := t.Flat.Func.Output(link.LossOutput)
	return from[loss]
}

func where(in *ir.Instr) string {
	if in == nil || in.Loc.File == "" {
		return "an instruction"
	}
	return fmt.Sprintf("%s at %s:%d", in.Op, path.Base(in.Loc.File), in.Loc.Line)
}
