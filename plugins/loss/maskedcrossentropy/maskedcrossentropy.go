// Package maskedcrossentropy is the softmax cross-entropy of the tokens that were
// hidden (Bao et al. 2022, "BEiT: BERT Pre-Training of Image Transformers", section 2.3).
package maskedcrossentropy

import "github.com/fwlab/fw/sdk"

type maskedCrossEntropy struct{}

// Plugin declares the loss.
func Plugin() *sdk.Plugin {
	return sdk.UnmaskLoss("fw/masked-cross-entropy", "1.0.0", &maskedCrossEntropy{}).
		Doc("-log softmax(logits)[token], averaged over the hidden tokens alone (Bao et al. 2022, section 2.3)")
}

func (*maskedCrossEntropy) Loss(_ *sdk.Builder, logits, tokens, mask sdk.Value) sdk.Value {
	b, n, k := logits.Dim(0), logits.Dim(1), logits.Dim(2)
	perToken := logits.Reshape(b*n, k).CrossEntropy(tokens.Reshape(b*n)).Reshape(b, n)
	return perToken.Mul(mask).Sum().Div(mask.Sum())
}
