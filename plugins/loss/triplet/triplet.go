// Package triplet is the triplet loss with semi-hard negatives (Schroff et al. 2015,
// "FaceNet", section 3.2).
package triplet

import "github.com/fwlab/fw/sdk"

type triplet struct {
	margin float64
	mining string
}

// Plugin declares the loss.
func Plugin() *sdk.Plugin {
	l := &triplet{}
	p := sdk.GroupLoss("fw/triplet-loss", "1.0.0", l).
		Doc("an anchor is nearer to those of its group than to others by a margin (Schroff et al. 2015)")
	p.Float(&l.margin, "margin", 0.2, "between squared distances of embeddings of length 1", sdk.AtLeast(0))
	p.String(&l.mining, "mining", "semi-hard", "the negative of a pair: semi-hard: the nearest that is farther than the positive, or else the farthest; hard: the nearest", sdk.OneOf("semi-hard", "hard"))
	return p
}

// far is beyond every squared distance of embeddings of length 1.
const far = 1e3

func (l *triplet) Loss(b *sdk.Builder, embeddings, groups sdk.Value) sdk.Value {
	z := embeddings.L2Normalize(1)
	n := z.Dim(0)
	d := z.MatMul(z.T()).Scale(-2).AddConst(2) // squared distances, f32[N,N]
	together := groups.Reshape(n, 1).Eq(groups.Reshape(1, n))
	i := b.Iota(n)
	positive := together.And(i.Reshape(n, 1).Ne(i.Reshape(1, n))).Float()

	// The negatives of each anchor from the nearest to the farthest, then its own group.
	others := together.Where(b.Scalar(far), d)
	order := others.ArgSort(1)
	sorted := others.TakeBatched(1, 1, order)
	count := together.Not().Float().SumKeep(1) // negatives of each anchor, f32[N,1]

	pick := b.Scalar(0) // by place in that order
	if l.mining == "semi-hard" {
		pick = l.nearer(d, together, n)
	}
	pick = pick.Min(count.AddConst(-1)).MaxConst(0)
	negative := sorted.TakeBatched(1, 1, pick.BroadcastTo(n, n).Int())
	hinge := d.Sub(negative).AddConst(l.margin).Relu()
	return hinge.Mul(positive).Sum().Div(positive.Sum().MaxConst(1))
}

// nearer counts, for each anchor and each other embedding, the anchor's negatives
// that are nearer than it: f32[N,N].
func (l *triplet) nearer(d, together sdk.Value, n int) sdk.Value {
	order := d.StopGradient().ArgSort(1)
	place := order.ArgSort(1)
	before := together.Not().Float().TakeBatched(1, 1, order).CumSum(1)
	return before.TakeBatched(1, 1, place)
}
