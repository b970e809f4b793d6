package trace

import "github.com/fwlab/fw/core/ir"

// Picture lets people look at v, f32[V*B,H,W,C] for a batch of B and normalised as
// views are, under a name. Training does not compute it.
func (b *Builder) Picture(name string, v Value) {
	b.Emit("picture", []Value{v}, ir.String("name", name))
}

// Pixels is Picture for v in [0,1] that is not normalised.
func (b *Builder) Pixels(name string, v Value) {
	b.Emit("picture", []Value{v}, ir.String("name", name), ir.Int("pixels", 1))
}
