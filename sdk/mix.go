package sdk

import (
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/shape"
)

// Mixing joins each image of a batch with the one at the other end of it, once for
// the whole batch, as timm's Mixup does.

// Mixup is lambda*x + (1-lambda)*partner for x f32[B,...], with lambda f32[] drawn
// from Beta(alpha, alpha) (Zhang et al. 2018).
func (s *Step) Mixup(x Value, alpha float64) (mixed, lambda Value) {
	lambda = s.mixKey().Beta(alpha, alpha, 1).Reshape()
	return MixupBy(x, lambda), lambda
}

// MixupBy is Mixup with a given lambda.
func MixupBy(x, lambda Value) Value {
	return x.Mul(lambda).Add(x.Reverse(0).Mul(lambda.Neg().AddConst(1)))
}

// CutMix replaces a rectangle of x f32[B,H,W,C] by the partner's, of 1-lambda of the
// area with lambda drawn from Beta(alpha, alpha), cut off at the borders; the lambda
// returned is the share that is left (Yun et al. 2019).
func (s *Step) CutMix(x Value, alpha float64) (mixed, lambda Value) {
	k := s.mixKey()
	at := func(i, n int) Value {
		return k.FoldIn(s.Fill(shape.Of(dtype.I32), float64(i))).Uniform(0, 1, 1).Reshape().Scale(float64(n)).Int().Min(s.Fill(shape.Of(dtype.I32), float64(n-1)))
	}
	return CutMixBy(x, k.Beta(alpha, alpha, 1).Reshape(), at(1, x.Dim(1)), at(2, x.Dim(2)))
}

// CutMixBy is CutMix with a given lambda f32[] and a rectangle around (row, column) i32[].
func CutMixBy(x, lambda, row, column Value) (mixed, left Value) {
	b, h, w := x.Builder(), x.Dim(1), x.Dim(2)
	ratio := lambda.Neg().AddConst(1).Sqrt()
	ends := func(at Value, n int) (from, to Value) {
		cut := ratio.Scale(float64(n)).Int()
		two := b.Fill(shape.Of(dtype.I32), 2)
		return at.Sub(cut.Div(two)).Clip(0, float64(n)), at.Add(cut.AddConst(1).Div(two)).Clip(0, float64(n))
	}
	top, bottom := ends(row, h)
	first, last := ends(column, w)
	s := shape.Of(dtype.I32, 1, h, w, 1)
	y, z := b.IotaOf(s, 1), b.IotaOf(s, 2)
	inside := y.GreaterEq(top).And(y.Less(bottom)).And(z.GreaterEq(first)).And(z.Less(last))
	area := bottom.Sub(top).Mul(last.Sub(first)).Float()
	return inside.Where(x.Reverse(0), x), area.Scale(-1 / float64(h*w)).AddConst(1)
}

// MixedLabels are the targets of a mixed batch, f32[B,classes]: labels i32[B], smoothed
// (Szegedy et al. 2016), and the partners' by what lambda leaves.
func MixedLabels(labels Value, classes int, smoothing float64, lambda Value) Value {
	y := labels.OneHot(classes).Scale(1 - smoothing).AddConst(smoothing / float64(classes))
	return MixupBy(y, lambda)
}

// mixKey is new for each step and for each call.
func (s *Step) mixKey() Value {
	s.mixes++
	return s.Key(mixPurpose).FoldIn(s.Fill(shape.Of(dtype.I32), float64(s.mixes)))
}

// mixPurpose is one that no author is likely to take: "mix" in ASCII.
const mixPurpose = 0x6d6978
