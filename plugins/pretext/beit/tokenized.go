package beit

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

// tokenized is BEiT as published, whose tokens come from a discrete VAE.
type tokenized struct {
	beit
	vae
}

// Plugin declares BEiT with a discrete VAE as its tokenizer.
func Plugin() *sdk.Plugin {
	t := &tokenized{}
	p := t.beit.declare(sdk.Pretext("fw/beit", "1.0.0", "unmask", t).
		Doc("predict what a discrete VAE, module tokenizer, calls each hidden patch (Bao et al. 2022)"), 8192)
	p.Int(&t.vae.dim, "code_dim", 512, "width of a code's embedding in the discrete VAE, as it was trained", sdk.AtLeast(1))
	t.vae.declareEncoder(p)
	return p
}

func (t *tokenized) Objective(s *sdk.Step) sdk.Value {
	images := s.View(0)
	side := 1 << t.vae.layers // pixels of a token
	if t.patch%side != 0 {
		s.Refuse("patch", "expected a multiple of the "+strconv.Itoa(side)+" pixels of a token, as the discrete VAE has "+strconv.Itoa(t.vae.layers)+" layers, found "+strconv.Itoa(t.patch))
	}
	if k := t.patch / side; k > 1 {
		images = images.AvgPool(k, k, 0) // half the size, in the paper
	}
	t.vae.codes = t.beit.codes
	encode := s.Module("tokenizer", t.encoder("backbone.encoder")).Pretrained()
	decode := s.Module("tokenizer", t.vae.embed, t.decoder("decoder", images.Dim(3))).Pretrained()

	tokens := encode.Apply(images).ArgMax(3) // i32[B,h,w]
	b, h, w := tokens.Dim(0), tokens.Dim(1), tokens.Dim(2)
	return t.predict(s, tokens.Reshape(b, h*w), func(tokens sdk.Value) sdk.Value {
		return decode.Apply(tokens.Reshape(b, h, w))
	})
}
