// Package crossentropy is the softmax cross-entropy of a classification task.
package crossentropy

import "github.com/fwlab/fw/sdk"

type crossEntropy struct{}

// Plugin declares the loss.
func Plugin() *sdk.Plugin {
	return sdk.ClassifyLoss("fw/cross-entropy", "1.0.0", &crossEntropy{}).
		Doc("mean of -log softmax(logits)[label]")
}

func (*crossEntropy) Loss(_ *sdk.Builder, logits, labels sdk.Value) sdk.Value {
	return logits.CrossEntropy(labels).Mean()
}
