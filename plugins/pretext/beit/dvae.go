package beit

import (
	"math"

	"github.com/fwlab/fw/sdk"
)

// dvae is the discrete variational autoencoder (Ramesh et al. 2021, "Zero-Shot
// Text-to-Image Generation", section 2.1), which names places of an image by codes.
type dvae struct {
	vae
	hot, cold, anneal, kl, warmup float64
}

// DVAE declares the task that trains a tokenizer.
func DVAE() *sdk.Plugin {
	t := &dvae{}
	p := sdk.Pretext("fw/dvae", "1.0.0", "reconstruct", t).
		Doc("paint an image from one of K codes for each of its places: a discrete VAE with Gumbel-softmax (Ramesh et al. 2021, section 2.1)").
		Defaults("fw/masked-mse", "fw/random-resized-crop", "fw/flip")
	p.Int(&t.dim, "code_dim", 512, "width of a code's embedding", sdk.AtLeast(1))
	p.Int(&t.hidden, "hidden", 64, "channels of the decoder; as many as the encoder's where BEiT is to use both", sdk.AtLeast(1))
	p.Float(&t.hot, "temperature", 1, "of the relaxation at the start", sdk.AtLeast(0.01))
	p.Float(&t.cold, "final_temperature", 1.0/16, "where a cosine takes it", sdk.AtLeast(0.01))
	p.Ordered("final_temperature", "temperature")
	p.Float(&t.anneal, "anneal", 0.05, "share of the run until then: 150,000 of 3,000,000 updates in the paper", sdk.Between(0, 1))
	p.Float(&t.kl, "kl_weight", 1, "beta, of the divergence from the uniform prior: 1 is the evidence's lower bound for normal pixels of variance 1/2; 6.6 with the paper's own likelihood", sdk.AtLeast(0))
	p.Float(&t.warmup, "kl_warmup", 5.0/3000, "share of the run in which a cosine brings it from 0: 5,000 of 3,000,000 updates in the paper", sdk.Between(0, 1))
	return p
}

// Views shows each image once.
func (t *dvae) Views(v *sdk.Views) {
	img := v.Image()
	v.View(v.Augment(v.Cut(img, v.Rect(img), v.Size(), v.Size(), sdk.Bicubic)))
}

func (t *dvae) Objective(s *sdk.Step) sdk.Value {
	images := s.View(0)
	logits := s.Module("vae", s.Backbone().FeatureMap()).Apply(images) // f32[B,h,w,K]
	b, h, w := logits.Dim(0), logits.Dim(1), logits.Dim(2)
	t.codes, t.layers = logits.Dim(3), halvings(images.Dim(1), h)
	if h<<t.layers != images.Dim(1) || w<<t.layers != images.Dim(2) {
		s.Fail("the backbone makes " + logits.Shape().String() + " of images " + images.Shape().String() + ": expected sides that were halved some times")
	}
	decode := s.Module("vae", t.decoder("decoder", images.Dim(3)))
	temperature := s.CosineWithin(t.anneal, t.hot, t.cold)
	relaxed := gumbelSoftmax(logits, s.Key(0), temperature)
	painted := decode.Apply(t.mix("vae", relaxed))

	kl := logits.Softmax().Mul(logits.LogSoftmax()).Sum(3).Mean().AddConst(math.Log(float64(t.codes))) // of a place
	beta := s.CosineWithin(t.warmup, 0, t.kl)
	pixels := images.Size() / (b * h * w) // numbers of a place: both terms are per number of the image
	patch := images.Dim(1) / h
	all := sdk.Filled(s.Builder, 1, b, h*w)
	reconstruction := s.Loss(sdk.Patchify(painted, patch), sdk.Patchify(images, patch), all)

	tokens := logits.ArgMax(3)
	shares := sdk.Shares(tokens.Reshape(b*h*w), t.codes)
	s.Metric("train/temperature", temperature)
	s.Metric("train/kl_weight", beta)
	s.Metric("train/kl", kl)
	s.Metric("train/reconstruction", reconstruction)
	s.Metric("train/code_perplexity", sdk.Perplexity(shares))
	s.Metric("train/codes_used", shares.MoreThan(0).Float().Mean())
	s.Picture("relaxed", painted)
	s.Picture("of tokens", decode.Apply(t.embed("vae", tokens)))
	return reconstruction.Add(kl.Mul(beta).Scale(1 / float64(pixels)))
}

// halvings is how often a side of from pixels is halved to get to at most to.
func halvings(from, to int) (n int) {
	for from>>n > max(1, to) {
		n++
	}
	return n
}

// gumbelSoftmax is a draw from softmax(logits), relaxed: one-hot as the temperature
// goes to 0 (Jang et al. 2017; Maddison et al. 2017).
func gumbelSoftmax(logits, key, temperature sdk.Value) sdk.Value {
	noise := key.Uniform(0, 1, logits.Shape().Dims...).MaxConst(1e-30).Log().Neg().Log().Neg()
	return logits.Add(noise).Div(temperature).Softmax()
}
