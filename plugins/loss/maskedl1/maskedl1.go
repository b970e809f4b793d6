// Package maskedl1 is the absolute error of what was hidden (Xie et al. 2022,
// "SimMIM: a Simple Framework for Masked Image Modeling", section 3.4).
package maskedl1

import "github.com/fwlab/fw/sdk"

type maskedL1 struct{}

// Plugin declares the loss.
func Plugin() *sdk.Plugin {
	return sdk.ReconstructLoss("fw/masked-l1", "1.0.0", &maskedL1{}).
		Doc("absolute error, averaged over the hidden tokens alone (Xie et al. 2022, section 3.4)")
}

func (*maskedL1) Loss(_ *sdk.Builder, prediction, target, mask sdk.Value) sdk.Value {
	return sdk.OverCounted(prediction.Sub(target).Abs().Mean(2), mask)
}
