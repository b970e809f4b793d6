package sdk

import (
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/trace"
	"github.com/fwlab/fw/core/wire"
)

// Net traces one stage of a backbone.
type Net struct {
	*Builder
	Training  bool // false: statistics are frozen
	ImageSize int  // side of the images that the network is evaluated on; views may be smaller
	plugin    string
}

// Backboner is a network with named stages: map, pooled; embed, the two halves of it
// patch_embed and pos_embed, and encode of transformers.
type Backboner interface {
	Stage(n *Net, stage string, x Value) Value
}

// Lacks refuses a stage that the network does not have, of those that it has.
func (n *Net) Lacks(stage string, has ...string) {
	n.Refuse("use", "the pretext task needs a network with the stage "+strconv.Quote(stage)+"; this one has "+strings.Join(has, ", "))
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
