package optim

import (
	"github.com/fwlab/fw/core/autodiff"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
)

// gradients differentiates, for each parameter, the loss that it follows: that of
// the objective of its module, otherwise the step's own. wrt is the values of the
// parameters.
func gradients(l *link.Flat, loss ir.ID, trained []*link.Leaf, wrt []ir.ID) ([]ir.ID, error) {
	out := make([]ir.ID, len(wrt))
	for o := -1; o < len(l.Objectives); o++ {
		var at []int
		var of []ir.ID
		for i, p := range trained {
			if l.ObjectiveOf(p.Name) == o {
				at, of = append(at, i), append(of, wrt[i])
			}
		}
		y := loss
		if o >= 0 {
			y = l.Objectives[o].Loss
		}
		grads, err := autodiff.Gradients(l.Func, y, of)
		if err != nil {
			return nil, err
		}
		for i, g := range grads {
			out[at[i]] = g
		}
	}
	return out, nil
}
