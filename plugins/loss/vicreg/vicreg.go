// Package vicreg is variance-invariance-covariance regularization (Bardes et al.
// 2022, eq. 6), with the factors of the authors' code.
package vicreg

import "github.com/fwlab/fw/sdk"

type loss struct{ invariance, variance, covariance float64 }

// Plugin declares the loss.
func Plugin() *sdk.Plugin {
	l := &loss{}
	p := sdk.ContrastLoss("fw/vicreg-loss", "1.0.0", l).
		Doc("views agree, each dimension varies, and dimensions do not covary (Bardes et al. 2022, eq. 6)")
	p.Float(&l.invariance, "invariance", 25, "weight of the mean squared difference of the views", sdk.AtLeast(0))
	p.Float(&l.variance, "variance", 25, "weight of the hinge on the deviations, the mean of the two views'", sdk.AtLeast(0))
	p.Float(&l.covariance, "covariance", 1, "weight of the squared covariances, the sum of the two views'", sdk.AtLeast(0))
	return p
}

func (l *loss) Loss(b *sdk.Builder, z1, z2 sdk.Value) sdk.Value {
	invariance := z1.Sub(z2).Square().Mean()
	v1, c1 := spread(b, z1)
	v2, c2 := spread(b, z2)
	return invariance.Scale(l.invariance).Add(v1.Add(v2).Scale(l.variance / 2)).Add(c1.Add(c2).Scale(l.covariance))
}

// spread is a view's hinge on deviations below 1, and its squared covariances per
// dimension.
func spread(b *sdk.Builder, z sdk.Value) (variance, covariance sdk.Value) {
	n, d := z.Dim(0), z.Dim(1)
	z = z.Sub(z.MeanKeep(0))
	deviation := z.Var(1, 0).AddConst(1e-4).Sqrt()
	variance = deviation.Neg().AddConst(1).Relu().Mean()
	c := z.T().MatMul(z).Scale(1 / float64(n-1)) // f32[D,D]
	i := b.Iota(d)
	off := i.Reshape(d, 1).Ne(i.Reshape(1, d))
	return variance, off.Where(c.Square(), b.Scalar(0)).Sum().Scale(1 / float64(d))
}
