package sdk

import (
	"slices"
	"strconv"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/wire"
)

// Signatures of losses: what a pretext task may ask for, and the inputs it gives.
var signatures = map[string][]string{
	"contrast": {"z1", "z2"},                      // embeddings of two views, f32[N,D] each
	"lookup":   {"queries", "keys", "negatives"},  // f32[N,D], f32[N,D] and f32[K,D], rows of length 1
	"instance": {"features", "bank", "instances"}, // f32[N,D] and f32[M,D], rows of length 1; i32[N]: each feature's row of the bank
	"group":    {"embeddings", "groups"},          // f32[N,D] and i32[N]: rows of one number belong together
	"classify": {"logits", "labels"},              // f32[N,C] and i32[N]
	"match":    {"logits", "targets"},             // f32[N,C] each; rows of targets sum to 1, or to 0 and do not count
	"predict":  {"prediction", "target"},          // f32[N,D] each
	"distill":  {"student", "teacher"},            // logits f32[V,N,C] of all views and f32[G,N,C] of the first G of them

	// f32[B,N,D] each, and f32[B,N]: the weights of tokens, 0 for those that do not count
	"reconstruct": {"prediction", "target", "mask"},

	// f32[B,N,K] over a vocabulary, i32[B,N], and f32[B,N] as above
	"unmask": {"logits", "tokens", "mask"},
}

// Signatures is every signature of losses.
func Signatures() []string {
	names := make([]string, 0, len(signatures))
	for s := range signatures {
		names = append(names, s)
	}
	slices.Sort(names)
	return names
}

// Inputs is the names of what a loss of a signature compares, in order; nil for a
// signature that there is not.
func Inputs(signature string) []string { return signatures[signature] }

// Contrast is a loss between two views' embeddings.
type Contrast interface {
	Loss(b *Builder, z1, z2 Value) Value
}

// ContrastLoss declares a loss of signature contrast.
func ContrastLoss(id, version string, l Contrast) *Plugin {
	return pairLoss(id, version, "contrast", l.Loss)
}

// Lookup is a loss of queries that pick their keys among negatives.
type Lookup interface {
	Loss(b *Builder, queries, keys, negatives Value) Value
}

// LookupLoss declares a loss of signature lookup.
func LookupLoss(id, version string, l Lookup) *Plugin {
	return tripleLoss(id, version, "lookup", l.Loss)
}

// Instance is a loss of features that pick their own rows of a memory bank.
type Instance interface {
	Loss(b *Builder, features, bank, instances Value) Value
}

// InstanceLoss declares a loss of signature instance.
func InstanceLoss(id, version string, l Instance) *Plugin {
	return tripleLoss(id, version, "instance", l.Loss)
}

// Group is a loss of embeddings of which some belong together.
type Group interface {
	Loss(b *Builder, embeddings, groups Value) Value
}

// GroupLoss declares a loss of signature group.
func GroupLoss(id, version string, l Group) *Plugin { return pairLoss(id, version, "group", l.Loss) }

// Classify is a loss between logits and labels.
type Classify interface {
	Loss(b *Builder, logits, labels Value) Value
}

// ClassifyLoss declares a loss of signature classify.
func ClassifyLoss(id, version string, l Classify) *Plugin {
	return pairLoss(id, version, "classify", l.Loss)
}

// Match is a loss between logits and distributions.
type Match interface {
	Loss(b *Builder, logits, targets Value) Value
}

// MatchLoss declares a loss of signature match.
func MatchLoss(id, version string, l Match) *Plugin { return pairLoss(id, version, "match", l.Loss) }

// Predict is a loss between a prediction and its target.
type Predict interface {
	Loss(b *Builder, prediction, target Value) Value
}

// PredictLoss declares a loss of signature predict.
func PredictLoss(id, version string, l Predict) *Plugin {
	return pairLoss(id, version, "predict", l.Loss)
}

// Distill is a loss between a student's and a teacher's logits.
type Distill interface {
	Loss(b *Builder, student, teacher Value) Value
}

// DistillLoss declares a loss of signature distill.
func DistillLoss(id, version string, l Distill) *Plugin {
	return pairLoss(id, version, "distill", l.Loss)
}

func pairLoss(id, version, signature string, f func(b *Builder, x, y Value) Value) *Plugin {
	return loss(id, version, signature, func(b *Builder, in []Value) Value { return f(b, in[0], in[1]) })
}

func tripleLoss(id, version, signature string, f func(b *Builder, x, y, z Value) Value) *Plugin {
	return loss(id, version, signature, func(b *Builder, in []Value) Value { return f(b, in[0], in[1], in[2]) })
}

// Reconstruct is a loss between predicted tokens and what they were, each weighed by
// mask, over those of which that is not 0; see [OverCounted].
type Reconstruct interface {
	Loss(b *Builder, prediction, target, mask Value) Value
}

// OverCounted is the mean of errors f32[B,N], each times its weight, over those that
// count: whose weight is above 0.
func OverCounted(errors, weights Value) Value {
	return errors.Mul(weights).Sum().Div(weights.MoreThan(0).Float().Sum())
}

// ReconstructLoss declares a loss of signature reconstruct.
func ReconstructLoss(id, version string, l Reconstruct) *Plugin {
	return tripleLoss(id, version, "reconstruct", l.Loss)
}

// Unmask is a loss between logits over a vocabulary and what the tokens were, where
// mask is 1.
type Unmask interface {
	Loss(b *Builder, logits, tokens, mask Value) Value
}

// UnmaskLoss declares a loss of signature unmask.
func UnmaskLoss(id, version string, l Unmask) *Plugin {
	return tripleLoss(id, version, "unmask", l.Loss)
}

func loss(id, version, signature string, f func(b *Builder, in []Value) Value) *Plugin {
	p := newPlugin("loss", id, version, "trace")
	p.info.Signature = signature
	names := signatures[signature]
	p.trace = func(req *wire.TraceRequest) (*ir.Program, error) {
		return tracing(req, func(b *Builder) {
			if len(req.Inputs) != len(names) {
				b.Fail("a loss of signature " + signature + " takes " + strconv.Itoa(len(names)) + " inputs, found " + strconv.Itoa(len(req.Inputs)))
			}
			in := make([]Value, len(names))
			for i, name := range names {
				in[i] = b.Input(name, req.Inputs[i].Shape)
			}
			b.Output("loss", f(b, in))
		})
	}
	return p
}
