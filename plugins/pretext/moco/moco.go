// Package moco is momentum contrast: MoCo v1 (He et al. 2020), v2 (Chen et al.
// 2020, "Improved Baselines with Momentum Contrastive Learning") and v3 (Chen et
// al. 2021, "An Empirical Study of Training Self-Supervised Vision Transformers").
package moco

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type moco struct {
	dim, length, parts int
	momentum           float64
	mlp, shuffle, both bool
}

// Plugin declares MoCo with a queue.
func Plugin() *sdk.Plugin {
	t := &moco{}
	p := sdk.Pretext("fw/moco", "1.0.0", "lookup", t).
		Doc("a query picks the key of its image among a queue of others', encoded by a slow copy (He et al. 2020; with mlp: v2)").
		Defaults("fw/infonce-queue", "fw/random-resized-crop", "fw/moco-augment")
	p.Int(&t.dim, "dim", 128, "width of queries and keys", sdk.AtLeast(2))
	p.Int(&t.length, "queue", 65536, "K: keys in the queue, a multiple of the batch; 4096 on CIFAR-10", sdk.AtLeast(1))
	p.Float(&t.momentum, "momentum", 0.999, "of the key encoder; 0.99 on CIFAR-10", sdk.Between(0, 1))
	p.Bool(&t.mlp, "mlp", true, "v2: a head with a hidden layer of the features' width; false: v1's linear head")
	p.Int(&t.parts, "batch_parts", 8, "parts of the batch that are normalised apart, as on devices of their own; 1: none", sdk.Between(1, 1024))
	p.Bool(&t.shuffle, "shuffle", true, "shuffle the keys' batch, so that a query and its key are normalised with different others (section 3.3)")
	p.Bool(&t.both, "symmetric", false, "also the other way round, with a queue for both")
	return p
}

func (t *moco) Views(v *sdk.Views) { sdk.TwoViews(v) }

// head is v1's linear layer or v2's two, without normalisation.
func (t *moco) head(scope string, h sdk.Value) sdk.Value {
	if !t.mlp {
		return sdk.Linear("head", t.dim, true)(scope, h)
	}
	h = sdk.Linear("head.0", h.Dim(-1), true)(scope, h).Relu()
	return sdk.Linear("head.2", t.dim, true)(scope, h)
}

func (t *moco) Objective(s *sdk.Step) sdk.Value {
	keys := s.Batch()
	if t.both {
		keys *= 2
	}
	if t.length%keys != 0 {
		s.Refuse("queue", "expected a multiple of the "+strconv.Itoa(keys)+" keys of a step, found "+strconv.Itoa(t.length))
	}
	if s.Batch()%t.parts != 0 {
		s.Refuse("batch_parts", "expected a divisor of the batch of "+strconv.Itoa(s.Batch())+", found "+strconv.Itoa(t.parts))
	}
	query := s.Module("query", s.Backbone().Pooled(), t.head).Split(t.parts)
	key := query.EMA(s.Scalar(t.momentum), true) // moved before its forward pass
	queue := s.Queue("queue", t.length, t.dim, sdk.OnSphere())

	contrast := func(i, j int) (loss, k sdk.Value) {
		q := query.Apply(s.View(i)).L2Normalize(1)
		x, back := s.View(j), func(k sdk.Value) sdk.Value { return k }
		if t.shuffle {
			x, back = sdk.Shuffle(x, s.Key(j))
		}
		k = back(key.Apply(x).L2Normalize(1)).StopGradient()
		return s.Loss(q, k, queue.Rows()), k
	}
	loss, k := contrast(0, 1)
	if t.both {
		other, k2 := contrast(1, 0)
		loss, k = loss.Add(other).Scale(0.5), s.Concat(0, k, k2)
	}
	queue.Push(k)
	return loss
}
