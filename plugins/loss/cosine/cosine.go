// Package cosine is the regression of a direction: of a prediction on its target,
// both divided by their lengths.
package cosine

import "github.com/fwlab/fw/sdk"

func similarity(prediction, target sdk.Value) sdk.Value {
	return prediction.L2Normalize(1).Mul(target.L2Normalize(1)).Sum(1).Mean()
}

type negative struct{}

// Negative declares the loss of SimSiam.
func Negative() *sdk.Plugin {
	return sdk.PredictLoss("fw/negative-cosine", "1.0.0", negative{}).
		Doc("mean of -cos(prediction, target) (Chen & He 2021, eq. 1)")
}

func (negative) Loss(_ *sdk.Builder, prediction, target sdk.Value) sdk.Value {
	return similarity(prediction, target).Neg()
}

type distance struct{}

// Distance declares the loss of BYOL.
func Distance() *sdk.Plugin {
	return sdk.PredictLoss("fw/cosine-distance", "1.0.0", distance{}).
		Doc("mean squared distance of prediction and target, divided by their lengths: 2 - 2 cos (Grill et al. 2020, eq. 2)")
}

func (distance) Loss(_ *sdk.Builder, prediction, target sdk.Value) sdk.Value {
	return similarity(prediction, target).Scale(-2).AddConst(2)
}
