package sdk

import (
	"strconv"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/wire"
)

// Signatures of losses: what a pretext task may ask for, and the inputs it gives.
var signatures = map[string][]string{
	"contrast": {"z1", "z2"},             // embeddings of two views, f32[N,D] each
	"classify": {"logits", "labels"},     // f32[N,C] and i32[N]
	"predict":  {"prediction", "target"}, // f32[N,D] each

	// f32[B,N,D] each, and f32[B,N]: 1 for the tokens that count, 0 for the others
	"reconstruct": {"prediction", "target", "mask"},
}

// Contrast is a loss between two views' embeddings.
type Contrast interface {
	Loss(b *Builder, z1, z2 Value) Value
}

// ContrastLoss declares a loss of signature contrast.
func ContrastLoss(id, version string, l Contrast) *Plugin {
	return loss(id, version, "contrast", func(b *Builder, in []Value) Value { return l.Loss(b, in[0], in[1]) })
}

// Classify is a loss between logits and labels.
type Classify interface {
	Loss(b *Builder, logits, labels Value) Value
}

// ClassifyLoss declares a loss of signature classify.
func ClassifyLoss(id, version string, l Classify) *Plugin {
	return loss(id, version, "classify", func(b *Builder, in []Value) Value { return l.Loss(b, in[0], in[1]) })
}

// Predict is a loss between a prediction and its target.
type Predict interface {
	Loss(b *Builder, prediction, target Value) Value
}

// PredictLoss declares a loss of signature predict.
func PredictLoss(id, version string, l Predict) *Plugin {
	return loss(id, version, "predict", func(b *Builder, in []Value) Value { return l.Loss(b, in[0], in[1]) })
}

// Reconstruct is a loss between predicted tokens and what they were, where mask is 1.
type Reconstruct interface {
	Loss(b *Builder, prediction, target, mask Value) Value
}

// ReconstructLoss declares a loss of signature reconstruct.
func ReconstructLoss(id, version string, l Reconstruct) *Plugin {
	return loss(id, version, "reconstruct", func(b *Builder, in []Value) Value { return l.Loss(b, in[0], in[1], in[2]) })
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

// Net traces one stage of a backbone.
type Net struct {
	*Builder
	Training bool // false: statistics are frozen
	plugin   string
}

// Backboner is a network with named stages: map, pooled; embed and encode of transformers.
type Backboner interface {
	Stage(n *Net, stage string, x Value) Value
}

// Backbone declares a network.
func Backbone(id, version string, k Backboner) *Plugin {
	p := newPlugin("backbone", id, version, "trace")
	p.trace = func(req *wire.TraceRequest) (*ir.Program, error) {
		return tracing(req, func(b *Builder) {
			if len(req.Inputs) != 1 {
				b.Fail("a stage takes one input, found " + strconv.Itoa(len(req.Inputs)))
			}
			x := b.Input("x", req.Inputs[0].Shape)
			b.Output("y", k.Stage(&Net{b, req.Training, req.Plugin}, req.Func, x))
		})
	}
	return p
}
