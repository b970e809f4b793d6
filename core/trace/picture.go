package trace

import "github.com/fwlab/fw/core/ir"

// Picture lets people look at v, f32[V*B,H,W,C] for a batch of B and normalised as
// views are, under a name. Training does not compute it.
func (b *Builder) Picture(name string, v Value) {
	b.Emit("picture", []Value{v}, ir.String("name", name))
}
