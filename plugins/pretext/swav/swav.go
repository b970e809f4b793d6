// Package swav is SwAV (Caron et al. 2020, "Unsupervised Learning of Visual
// Features by Contrasting Cluster Assignments").
package swav

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type swav struct {
	hidden, out, prototypes, iterations, frozen, length int
	epsilon, start                                      float64
	crops                                               sdk.MultiCrop
}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &swav{}
	p := sdk.Pretext("fw/swav", "1.0.0", "match", t).
		Doc("a view predicts to which prototypes the other view was assigned, all in equal shares (Caron et al. 2020)").
		Defaults("fw/soft-cross-entropy", "fw/random-resized-crop", "fw/swav-augment")
	p.Int(&t.hidden, "hidden", 2048, "width of the projector's hidden layer", sdk.AtLeast(1))
	p.Int(&t.out, "out", 128, "width of the embeddings", sdk.AtLeast(2))
	p.Int(&t.prototypes, "prototypes", 3000, "K: prototypes; a tenth for ten classes", sdk.AtLeast(2))
	p.Float(&t.epsilon, "epsilon", 0.05, "how soft the assignments are", sdk.Above(0))
	p.Int(&t.iterations, "sinkhorn", 3, "iterations of Sinkhorn and Knopp's algorithm", sdk.AtLeast(1))
	p.Int(&t.frozen, "freeze_prototypes", 313, "updates before the prototypes move: 313 at batch 4096, 5005 at 256", sdk.AtLeast(0))
	p.Int(&t.length, "queue", 0, "embeddings of each view that join the assignment of small batches, a multiple of the batch; 0: none, 3840 in the paper", sdk.AtLeast(0))
	p.Float(&t.start, "queue_start", 15, "epochs before the queue is used", sdk.AtLeast(0))
	t.crops.Declare(p)
	return p
}

func (t *swav) Views(v *sdk.Views) { t.crops.Views(v) }

func (t *swav) Objective(s *sdk.Step) sdk.Value {
	if t.length%s.Batch() != 0 {
		s.Refuse("queue", "expected a multiple of the batch of "+strconv.Itoa(s.Batch())+", found "+strconv.Itoa(t.length))
	}
	const assigned = 2 // views that give codes: the large ones
	views := assigned + t.crops.Small
	f := s.Module("encoder", s.Backbone().Pooled(), s.MLP("projector", false, t.hidden, t.out))
	z := t.crops.Apply(s, f).L2Normalize(1) // f32[V*B,D]
	prototypes := sdk.UnitLinear("prototypes", t.prototypes).With(sdk.FrozenUntil(t.frozen))
	scores := prototypes.Apply(z).Split(0, views) // f32[B,K] each

	total, terms := s.Scalar(0), 0
	for i, embedded := range z.Split(0, views)[:assigned] {
		codes := t.codes(s, i, embedded.StopGradient(), scores[i].StopGradient(), prototypes)
		for j := range views {
			if j != i { // each code is predicted from every other view
				total, terms = total.Add(s.Loss(scores[j], codes)), terms+1
			}
		}
	}
	return total.Scale(1 / float64(terms))
}

// codes assigns a view's embeddings to prototypes: f32[B,K], from the batch alone or,
// once the queue is in use, together with the queue's.
func (t *swav) codes(s *sdk.Step, view int, z, scores sdk.Value, prototypes sdk.Layer) sdk.Value {
	codes := t.sinkhorn(scores)
	if t.length > 0 {
		queue := s.Queue("queue"+strconv.Itoa(view), t.length, t.out, sdk.Constant(0))
		use := sdk.After(s.Builder, max(int(t.start*float64(s.StepsPerEpoch())), t.length/s.Batch()))
		all := s.Concat(0, prototypes.Apply(queue.Rows()).StopGradient(), scores)
		codes = use.Where(t.sinkhorn(all).Slice(0, t.length, t.length+s.Batch()), codes)
		queue.Push(z)
	}
	return codes.StopGradient()
}

// sinkhorn is the assignment of rows to columns with equal shares of each: rows
// sum to 1, columns to as much as each other (Cuturi 2013).
func (t *swav) sinkhorn(scores sdk.Value) sdk.Value {
	n, k := float64(scores.Dim(0)), float64(scores.Dim(1))
	q := scores.Sub(scores.ReduceMax()).Scale(1 / t.epsilon).Exp() // the maximum cancels
	q = q.Div(q.Sum())
	for range t.iterations {
		q = q.Div(q.SumKeep(0).MaxConst(tiny)).Scale(1 / k)
		q = q.Div(q.SumKeep(1).MaxConst(tiny)).Scale(1 / n)
	}
	return q.Scale(n)
}

// tiny keeps the share of a prototype that none is near from dividing by zero.
const tiny = 1e-30
