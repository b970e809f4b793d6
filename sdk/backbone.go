package sdk

import (
	"strconv"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/trace"
	"github.com/fwlab/fw/core/wire"
)

// Net traces one stage of a backbone.
type Net struct {
	*Builder
	Training bool // false: statistics are frozen
	Size     int  // pixels of images that the task does not give another size
	plugin   string
}

// Backboner is a network with named stages: map, pooled; embed, the two halves of it
// patch_embed and pos_embed, and encode of transformers.
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
			b.SetNorms(trace.Norms{Groups: req.NormGroups})
			b.Output("y", k.Stage(&Net{b, req.Training, req.ImageSize, req.Plugin}, req.Func, x))
		})
	}
	return p
}
