// Command starter is rotation prediction (Gidaris et al. 2018, "Unsupervised
// Representation Learning by Predicting Image Rotations").
package main

import "github.com/fwlab/fw/sdk"

type rotation struct{ angles int }

// Views shows all rotations of one crop, in one batch.
func (t *rotation) Views(v *sdk.Views) {
	img := v.Augment(v.Crop(v.Image()))
	for k := range t.angles {
		v.View(img.Rotate90(k)).Target("angle", k)
	}
}

// Objective asks which of the angles each view was turned by.
func (t *rotation) Objective(s *sdk.Step) sdk.Value {
	h := s.Backbone().Pooled().Apply(s.Views()) // all views in one pass, f32[angles*B,D]
	logits := sdk.Linear("head", t.angles, true).Apply(h)
	angle := s.Target("angle")
	s.Metric("train/pretext_top1", logits.ArgMax(1).Eq(angle).Float().Mean().Scale(100))
	return s.Loss(logits, angle)
}

func plugin() *sdk.Plugin {
	t := &rotation{}
	p := sdk.Pretext("mine/starter", "0.1.0", "classify", t).
		Doc("which right angle was the image turned by? (Gidaris et al. 2018)").
		Defaults("fw/cross-entropy", "fw/random-resized-crop", "fw/flip")
	p.Int(&t.angles, "angles", 4, "right angles to tell apart, from 0 degrees on", sdk.Between(2, 4))
	return p
}

func main() { plugin().Serve() }
