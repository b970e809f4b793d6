// Package supcon is the supervised contrastive loss (Khosla et al. 2020, eq. 2).
package supcon

import "github.com/fwlab/fw/sdk"

type supcon struct {
	temperature float64
	scaled      bool
}

// Plugin declares the loss.
func Plugin() *sdk.Plugin {
	l := &supcon{}
	p := sdk.GroupLoss("fw/supcon", "1.0.0", l).
		Doc("SupCon: an embedding picks all of its group among the others (Khosla et al. 2020, L_out of eq. 2)")
	p.Float(&l.temperature, "temperature", 0.1, "scale of the similarities", sdk.Above(0))
	p.Bool(&l.scaled, "scaled", false, "times temperature/0.07, as the authors' code does")
	return p
}

func (l *supcon) Loss(b *sdk.Builder, embeddings, groups sdk.Value) sdk.Value {
	z := embeddings.L2Normalize(1)
	n := z.Dim(0)
	p := z.MatMul(z.T()).Scale(1 / l.temperature).MaskDiagonal().LogSoftmax() // log-probability of each pair, f32[N,N]
	i := b.Iota(n)
	positive := groups.Reshape(n, 1).Eq(groups.Reshape(1, n)).And(i.Reshape(n, 1).Ne(i.Reshape(1, n)))
	count := positive.Float().Sum(1) // of each anchor
	sum := positive.Where(p, b.Scalar(0)).Sum(1)
	anchors := count.MoreThan(0).Float() // those with a partner
	loss := sum.Div(count.MaxConst(1)).Sum().Neg().Div(anchors.Sum().MaxConst(1))
	if l.scaled {
		return loss.Scale(l.temperature / 0.07)
	}
	return loss
}
