// Package nnclr is NNCLR (Dwibedi et al. 2021, "With a Little Help from My Friends:
// Nearest-Neighbor Contrastive Learning of Visual Representations").
package nnclr

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type nnclr struct{ hidden, out, predictor, length int }

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &nnclr{}
	p := sdk.Pretext("fw/nnclr", "1.0.0", "contrast", t).
		Doc("a view predicts the nearest neighbour of the other view in a queue (Dwibedi et al. 2021)").
		Defaults("fw/infonce", "fw/random-resized-crop", "fw/simclr-augment")
	p.Int(&t.hidden, "hidden", 2048, "width of the projector's hidden layers", sdk.AtLeast(1))
	p.Int(&t.out, "out", 256, "width of embeddings", sdk.AtLeast(2))
	p.Int(&t.predictor, "predictor", 4096, "width of the predictor's hidden layer", sdk.AtLeast(1))
	p.Int(&t.length, "queue", 98304, "embeddings in the support set, a multiple of the batch", sdk.AtLeast(1))
	return p
}

func (t *nnclr) Views(v *sdk.Views) { sdk.TwoViews(v) }

func (t *nnclr) Objective(s *sdk.Step) sdk.Value {
	if t.length%s.Batch() != 0 {
		s.Refuse("queue", "expected a multiple of the batch of "+strconv.Itoa(s.Batch())+", found "+strconv.Itoa(t.length))
	}
	f := s.Module("encoder", s.Backbone().Pooled(), s.MLP("projector", true, t.hidden, t.hidden, t.out))
	g := s.MLP("predictor", false, t.predictor, t.out)
	queue := s.Queue("support", t.length, t.out, sdk.OnSphere())

	z1, z2 := f.Apply(s.View(0)), f.Apply(s.View(1))
	p1, p2 := g.Apply(z1), g.Apply(z2)
	z1, z2 = z1.L2Normalize(1), z2.L2Normalize(1)
	loss := s.Loss(nearest(queue, z1), p2).Add(s.Loss(nearest(queue, z2), p1)).Scale(0.5)
	queue.Push(z1)
	return loss
}

// nearest is the queue's row with the largest cosine for each of z.
func nearest(q sdk.Queue, z sdk.Value) sdk.Value {
	rows := q.Rows()
	return rows.Take(0, z.MatMul(rows.T()).ArgMax(1)).StopGradient()
}
