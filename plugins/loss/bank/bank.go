// Package bank is the losses of instance discrimination over a memory bank (Wu et
// al. 2018, "Unsupervised Feature Learning via Non-Parametric Instance Discrimination").
package bank

import "github.com/fwlab/fw/sdk"

// draw is the instances of n features followed by k drawn for each from all m rows
// of the bank, uniformly with replacement: i32[n,1+k]. The draws may hit the
// feature's own row, as the authors' do.
func draw(b *sdk.Builder, instances sdk.Value, k, m int) sdk.Value {
	n := instances.Dim(0)
	drawn := b.Key(1).Uniform(0, float64(m), n, k).Int()
	return b.Concat(1, instances.Reshape(n, 1), drawn)
}

type nce struct {
	temperature float64
	negatives   int
}

// NCE declares noise-contrastive estimation.
func NCE() *sdk.Plugin {
	l := &nce{}
	p := sdk.InstanceLoss("fw/nce", "1.0.0", l).
		Doc("noise-contrastive estimation of the non-parametric softmax, its constant Z fixed at the first batch (Wu et al. 2018, section 3.2)")
	p.Float(&l.temperature, "temperature", 0.07, "scale of the similarities: 0.07, 0.1 on CIFAR-10", sdk.Above(0))
	p.Int(&l.negatives, "negatives", 4096, "K: noise samples for each image", sdk.AtLeast(1))
	return p
}

const epsilon = 1e-7 // in the authors' denominators

func (l *nce) Loss(b *sdk.Builder, features, bank, instances sdk.Value) sdk.Value {
	n, m, k := features.Dim(0), bank.Dim(0), l.negatives
	sim := features.MatMul(bank.T()).TakeBatched(1, 1, draw(b, instances, k, m)) // f32[N,1+K]
	e := sim.Scale(1 / l.temperature).Exp()
	z := sdk.Once(b, "z", e.Mean().Scale(float64(m)))
	model := e.Div(z)                // P(i|f)
	noise := float64(k) / float64(m) // K times its probability
	both := model.AddConst(noise + epsilon)
	isTrue := model.Slice(1, 0, 1).Div(both.Slice(1, 0, 1)).Log()    // log h of the positive
	isNoise := both.Slice(1, 1, 1+k).Reciprocal().Scale(noise).Log() // log (1-h) of the noise
	return isTrue.Sum().Add(isNoise.Sum()).Scale(-1 / float64(n))
}

type softmax struct {
	temperature float64
	negatives   int
}

// Softmax declares the non-parametric softmax itself.
func Softmax() *sdk.Plugin {
	l := &softmax{}
	p := sdk.InstanceLoss("fw/instance-softmax", "1.0.0", l).
		Doc("non-parametric softmax over the memory bank, or over the positive and K drawn rows of it (Wu et al. 2018, eq. 2)")
	p.Float(&l.temperature, "temperature", 0.1, "scale of the similarities: 0.07, 0.1 on CIFAR-10", sdk.Above(0))
	p.Int(&l.negatives, "negatives", 0, "drawn rows beside the positive; 0: all of the bank", sdk.AtLeast(0))
	return p
}

func (l *softmax) Loss(b *sdk.Builder, features, bank, instances sdk.Value) sdk.Value {
	logits := features.MatMul(bank.T()).Scale(1 / l.temperature) // f32[N,M]
	if l.negatives == 0 {
		return logits.CrossEntropy(instances).Mean()
	}
	logits = logits.TakeBatched(1, 1, draw(b, instances, l.negatives, bank.Dim(0)))
	return logits.CrossEntropy(instances.Scale(0)).Mean() // the positive comes first
}
