// Package rebalanced is the cross-entropy in which rare classes count for more (Zhang
// et al. 2016, "Colorful Image Colorization", section 2.2).
package rebalanced

import "github.com/fwlab/fw/sdk"

type loss struct{ lambda float64 }

// Plugin declares the loss.
func Plugin() *sdk.Plugin {
	l := &loss{}
	p := sdk.MatchLoss("fw/rebalanced-cross-entropy", "1.0.0", l).
		Doc("mean of -sum target * log softmax(logits), with the gradient of rare classes weighted up (Zhang et al. 2016, eq. 2 to 4)")
	p.Float(&l.lambda, "lambda", 0.5, "share of the uniform distribution in what weights are the inverse of; 1: all weights are 1", sdk.Above(0), sdk.AtMost(1))
	return p
}

// Loss weights each row by the class that its target has most of. As in the authors'
// code the weight is one of the gradient: the value stays the plain cross-entropy.
func (l *loss) Loss(b *sdk.Builder, logits, targets sdk.Value) sdk.Value {
	targets = targets.StopGradient()
	weights := l.weights(prior(b, targets)) // f32[Q]
	entropy := targets.Mul(logits.LogSoftmax()).Sum(1).Neg()
	entropy = sdk.WeightGradient(entropy, weights.Take(0, targets.ArgMax(1)))
	return entropy.Sum().Div(targets.Sum().MaxConst(1)) // rows without a target do not count
}

// prior is the share of each class in all targets so far, f32[Q]. Soft targets smooth
// it as the paper does, by the kernel that they are made with.
func prior(b *sdk.Builder, targets sdk.Value) sdk.Value {
	seen := b.State("seen", sdk.Dims(targets.Dim(1)), sdk.Constant(0)).Add(targets.Sum(0))
	b.Assign("seen", seen)
	return seen.Div(seen.Sum().MaxConst(1))
}

// weights is 1/((1-lambda)p + lambda/Q), scaled to a mean of 1 over p.
func (l *loss) weights(p sdk.Value) sdk.Value {
	w := p.Scale(1 - l.lambda).AddConst(l.lambda / float64(p.Dim(0))).Reciprocal()
	return w.Div(w.Mul(p).Sum().MaxConst(1e-12))
}
