package beit

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type encoder struct{ vae }

// Encoder declares the encoder of the discrete VAE as a backbone.
func Encoder() *sdk.Plugin {
	t := &encoder{}
	p := sdk.Backbone("fw/dvae-encoder", "1.0.0", t).
		Doc("strided convolutions to logits over a visual vocabulary: the encoder of BEiT's discrete VAE (Bao et al. 2022)")
	p.Int(&t.codes, "codes", 8192, "K: size of the visual vocabulary", sdk.AtLeast(2))
	t.declareEncoder(p)
	return p
}

func (t *encoder) Stage(n *sdk.Net, stage string, x sdk.Value) sdk.Value {
	if side := 1 << t.layers; x.Dim(1)%side != 0 || x.Dim(2)%side != 0 {
		n.Refuse("layers", "images of "+strconv.Itoa(x.Dim(1))+" x "+strconv.Itoa(x.Dim(2))+" pixels cannot be halved "+strconv.Itoa(t.layers)+" times")
	}
	logits := t.encoder("encoder").Apply(x)
	switch stage {
	case "map":
		return logits
	case "pooled": // how often each code is to be expected: a bag of visual words
		return logits.Softmax().Mean(1, 2)
	}
	n.Fail("the encoder of a discrete VAE has the stages map and pooled, not " + strconv.Quote(stage))
	return x
}
