// Package maskedmse is the squared error of the tokens that were hidden (He et al.
// 2022, "Masked Autoencoders Are Scalable Vision Learners", section 3).
package maskedmse

import "github.com/fwlab/fw/sdk"

type maskedMSE struct{}

// Plugin declares the loss.
func Plugin() *sdk.Plugin {
	return sdk.ReconstructLoss("fw/masked-mse", "1.1.0", &maskedMSE{}).
		Doc("squared error, averaged over the hidden tokens alone (He et al. 2022, section 3), each by its weight (Pathak et al. 2016, section 3.2)")
}

func (*maskedMSE) Loss(_ *sdk.Builder, prediction, target, mask sdk.Value) sdk.Value {
	return sdk.OverCounted(prediction.Sub(target).Square().Mean(2), mask)
}
