// Package crosscorrelation is the loss of Barlow Twins (Zbontar et al. 2021, eq. 1).
package crosscorrelation

import (
	"github.com/fwlab/fw/sdk"
)

type loss struct{ lambda, scale float64 }

// Plugin declares the loss.
func Plugin() *sdk.Plugin {
	l := &loss{}
	p := sdk.ContrastLoss("fw/cross-correlation", "1.0.0", l).
		Doc("the views' cross-correlation matrix becomes the identity (Zbontar et al. 2021, eq. 1)")
	p.Float(&l.lambda, "lambda", 0.0051, "weight of the elements off the diagonal", sdk.AtLeast(0))
	p.Float(&l.scale, "scale", 1, "factor of the whole; 0.1 in solo-learn's recipes for CIFAR", sdk.Above(0))
	return p
}

func (l *loss) Loss(b *sdk.Builder, z1, z2 sdk.Value) sdk.Value {
	n, d := z1.Dim(0), z1.Dim(1)
	c := standardize(b, z1).T().MatMul(standardize(b, z2)).Scale(1 / float64(n)) // f32[D,D]
	i := b.Iota(d)
	diagonal := i.Reshape(d, 1).Eq(i.Reshape(1, d))
	on := diagonal.Where(c.AddConst(-1).Square(), b.Scalar(0)).Sum()
	off := diagonal.Where(b.Scalar(0), c.Square()).Sum()
	return on.Add(off.Scale(l.lambda)).Scale(l.scale)
}

// standardize is BatchNorm without affine parameters, of the batch's own statistics.
func standardize(b *sdk.Builder, z sdk.Value) sdk.Value {
	y, _, _ := z.BatchNorm(sdk.Filled(b, 1, z.Dim(1)), sdk.Filled(b, 0, z.Dim(1)), 1e-5, 1)
	return y
}
