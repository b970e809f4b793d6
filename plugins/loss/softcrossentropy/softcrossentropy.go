// Package softcrossentropy is the cross-entropy of logits with given distributions.
package softcrossentropy

import "github.com/fwlab/fw/sdk"

type loss struct{ temperature float64 }

// Plugin declares the loss.
func Plugin() *sdk.Plugin {
	l := &loss{}
	p := sdk.MatchLoss("fw/soft-cross-entropy", "1.0.0", l).
		Doc("mean of -sum target * log softmax(logits/temperature) (SwAV: Caron et al. 2020, eq. 2)")
	p.Float(&l.temperature, "temperature", 0.1, "scale of the logits", sdk.Above(0))
	return p
}

func (l *loss) Loss(_ *sdk.Builder, logits, targets sdk.Value) sdk.Value {
	return targets.Mul(logits.Scale(1 / l.temperature).LogSoftmax()).Sum(1).Mean().Neg()
}
