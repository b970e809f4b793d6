// Package metriclearning is deep metric learning over views: embeddings of one
// image, or of one class where labels are asked for, belong together.
package metriclearning

import "github.com/fwlab/fw/sdk"

type metric struct {
	hidden, out, views int
	groups             string
}

// Triplet declares the task whose loss sees all embeddings with their groups.
func Triplet() *sdk.Plugin {
	t := &metric{}
	p := sdk.Pretext("fw/triplet", "1.0.0", "group", t).
		Doc("views of an image lie nearer to each other than to other images' (Schroff et al. 2015; with fw/supcon: Khosla et al. 2020)").
		Defaults("fw/triplet-loss", "fw/random-resized-crop", "fw/simclr-augment")
	t.heads(p)
	p.Int(&t.views, "views", 2, "views of each image", sdk.Between(2, 16))
	p.String(&t.groups, "groups", "image", "what belongs together: views of an image, or images of a class, which is supervised", sdk.OneOf("image", "class"))
	return p
}

func (t *metric) heads(p *sdk.Plugin) {
	p.Int(&t.hidden, "hidden", 512, "width of the projector's hidden layer", sdk.AtLeast(1))
	p.Int(&t.out, "out", 128, "width of the embedding that the loss sees", sdk.AtLeast(2))
}

func (t *metric) Views(v *sdk.Views) {
	for range t.views {
		v.View(v.Augment(v.Crop(v.Image())))
	}
}

func (t *metric) Objective(s *sdk.Step) sdk.Value {
	h := s.Backbone().Pooled().Apply(s.Views()) // all views in one pass
	z := s.MLP("projector", false, t.hidden, t.out).Apply(h)
	group := s.Indices(s.Batch())
	if t.groups == "class" {
		group = s.Labels(s.Batch())
	}
	all := make([]sdk.Value, t.views)
	for i := range all {
		all[i] = group
	}
	return s.Loss(z, s.Concat(0, all...))
}

// pairs is the task whose loss sees two views.
type pairs struct{ metric }

// Pairs declares the N-pair task.
func Pairs() *sdk.Plugin {
	t := &pairs{}
	p := sdk.Pretext("fw/n-pair-views", "1.0.0", "contrast", t).
		Doc("a view picks the other view of its image by inner product (Sohn 2016)").
		Defaults("fw/n-pair", "fw/random-resized-crop", "fw/simclr-augment")
	t.heads(p)
	t.views = 2
	return p
}

func (t *pairs) Objective(s *sdk.Step) sdk.Value {
	h := s.Backbone().Pooled().Apply(s.Views())
	z := s.MLP("projector", false, t.hidden, t.out).Apply(h).Split(0, 2)
	return s.Loss(z[0], z[1])
}
