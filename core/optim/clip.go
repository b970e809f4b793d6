package optim

import "github.com/fwlab/fw/core/trace"

// Clip bounds the norms of gradients before an optimizer sees them; 0 does not.
type Clip struct {
	Norm float64 // of all together, as torch.nn.utils.clip_grad_norm_
	Each float64 // of each parameter's alone
}

// clipEps keeps the factor finite; PyTorch's.
const clipEps = 1e-6

// clip scales gradients whose norm is above the bound down to it.
func (u *updater) clip(grads []trace.Value) []trace.Value {
	if u.Clip.Norm > 0 {
		total := u.b.Scalar(0)
		for _, g := range grads {
			total = total.Add(g.Square().Sum())
		}
		norm := total.Sqrt()
		u.replace("metric/train/grad_norm", "", norm)
		grads = scaled(grads, func(trace.Value) trace.Value { return u.factor(norm, u.Clip.Norm) })
	}
	if u.Clip.Each > 0 {
		grads = scaled(grads, func(g trace.Value) trace.Value { return u.factor(g.Square().Sum().Sqrt(), u.Clip.Each) })
	}
	return grads
}

func scaled(grads []trace.Value, by func(g trace.Value) trace.Value) []trace.Value {
	out := make([]trace.Value, len(grads))
	for i, g := range grads {
		out[i] = g.Mul(by(g).BroadcastTo(g.Shape().Dims...))
	}
	return out
}

// factor is bound/norm, at most 1.
func (u *updater) factor(norm trace.Value, bound float64) trace.Value {
	return u.b.Scalar(bound).Div(norm.AddConst(clipEps)).MinConst(1)
}
