// Package npair is the multi-class N-pair loss (Sohn 2016, "Improved Deep Metric
// Learning with Multi-class N-pair Loss Objective").
package npair

import "github.com/fwlab/fw/sdk"

type npair struct{ l2 float64 }

// Plugin declares the loss.
func Plugin() *sdk.Plugin {
	l := &npair{}
	p := sdk.ContrastLoss("fw/n-pair", "1.0.0", l).
		Doc("N-pair-mc: each embedding picks its pair by inner product among N, with a penalty on length (Sohn 2016, eq. 6)")
	p.Float(&l.l2, "l2", 0.002, "penalty on the squared lengths, which are not divided away", sdk.AtLeast(0))
	return p
}

func (l *npair) Loss(b *sdk.Builder, z1, z2 sdk.Value) sdk.Value {
	loss := z1.MatMul(z2.T()).CrossEntropy(b.Iota(z1.Dim(0))).Mean() // log(1 + sum exp(f.f_j - f.f+))
	lengths := z1.Square().Sum(1).Mean().Add(z2.Square().Sum(1).Mean())
	return loss.Add(lengths.Scale(l.l2 / 4))
}
