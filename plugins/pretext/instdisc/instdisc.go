// Package instdisc is instance discrimination with a memory bank (Wu et al. 2018,
// "Unsupervised Feature Learning via Non-Parametric Instance Discrimination").
package instdisc

import (
	"math"

	"github.com/fwlab/fw/sdk"
)

type instdisc struct {
	dim                int
	momentum, proximal float64
}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &instdisc{}
	p := sdk.Pretext("fw/instdisc", "1.0.0", "instance", t).
		Doc("every image is a class of its own, whose weight is the image's last feature (Wu et al. 2018)").
		Defaults("fw/nce", "fw/random-resized-crop", "fw/instdisc-augment")
	p.Int(&t.dim, "dim", 128, "width of the features in the memory bank", sdk.AtLeast(2))
	p.Float(&t.momentum, "momentum", 0.5, "share of the old feature that stays in the bank", sdk.Between(0, 1))
	p.Float(&t.proximal, "proximal", 0, "weight of the squared distance to the old feature: 30 in the paper (eq. 8), absent from the released code", sdk.AtLeast(0))
	return p
}

// Views shows each image once.
func (t *instdisc) Views(v *sdk.Views) { v.View(v.Augment(v.Crop(v.Image()))) }

func (t *instdisc) Objective(s *sdk.Step) sdk.Value {
	r := 1 / math.Sqrt(float64(t.dim)/3)
	bank := s.Bank("bank", sdk.Dims(t.dim), sdk.UniformIn(-r, r))

	f := sdk.Chain(s.Backbone().Pooled(), sdk.Linear("head", t.dim, true)).Apply(s.View(0)).L2Normalize(1)
	old := bank.Mine()
	loss := s.Loss(f, bank.Rows(), s.Indices(s.Batch()))
	if t.proximal > 0 {
		loss = loss.Add(f.Sub(old).Square().Sum(1).Mean().Scale(t.proximal))
	}
	bank.SetMine(old.Scale(t.momentum).Add(f.Scale(1 - t.momentum)).L2Normalize(1))
	return loss
}
