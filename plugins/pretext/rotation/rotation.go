// Package rotation is rotation prediction (Gidaris et al. 2018, "Unsupervised
// Representation Learning by Predicting Image Rotations").
package rotation

import "github.com/fwlab/fw/sdk"

type rotation struct{}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	return sdk.Pretext("fw/rotation", "1.0.0", "classify", &rotation{}).
		Doc("which of four right angles was the image turned by? (Gidaris et al. 2018)").
		Defaults("fw/cross-entropy", "fw/random-resized-crop", "fw/flip")
}

// Views shows all four rotations of one crop, in one batch.
func (t *rotation) Views(v *sdk.Views) {
	img := v.Augment(v.Crop(v.Image()))
	for k := range 4 {
		v.View(img.Rotate90(k)).Target("angle", k)
	}
}

func (t *rotation) Objective(s *sdk.Step) sdk.Value {
	h := s.Backbone().Pooled().Apply(s.Views())
	logits := sdk.Linear("head", 4, true).Apply(h)
	angle := s.Target("angle")
	s.Metric("train/pretext_top1", logits.ArgMax(1).Eq(angle).Float().Mean().Scale(100))
	return s.Loss(logits, angle)
}
