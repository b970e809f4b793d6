// Package exec owns running: a compiled Func, planned and bound to kernels
// once, runs every step on a worker pool without allocating, and gives the same
// bits whatever the number of workers. Start from [New].
package exec

import (
	"fmt"

	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/move"
	"github.com/fwlab/fw/core/plan"
	"github.com/fwlab/fw/core/pool"
)

// Options of an Executable.
type Options struct {
	Pool    *pool.Pool
	Aliases map[string]string  // outputs that are the next values of inputs
	Inputs  map[string]buf.Buf // inputs whose memory is shared with others
	Eval    interp.Eval        // runs eval ops
	Fours   bool               // convolutions may go by F(4x4,3x3), which rounds more: see [conv.Spec]
}

// Executable is a Func bound to its buffers.
type Executable struct {
	plan    *plan.Plan
	pool    *pool.Pool
	buffers []buf.Buf // by value
	kernels []bound
	unbound []func(scratch []float32)
	scratch int
	profile *Profile
	eval    interp.Eval
	fours   bool
	err     error // of the last eval op
}

type bound struct {
	op    string
	k     runner
	cost  cost
	instr int // -1 for a copy
	loc   ir.Loc
}

// New plans f and binds its kernels.
func New(f *ir.Func, o Options) (*Executable, error) {
	p, err := plan.New(f, o.Aliases)
	if err != nil {
		return nil, err
	}
	ex := &Executable{plan: p, pool: o.Pool, buffers: make([]buf.Buf, len(f.Shapes)), eval: o.Eval, fours: o.Fours}
	arena := buf.New(p.Arena)
	for _, in := range f.Inputs {
		n := f.Shape(in.Value).Bytes()
		b, shared := o.Inputs[in.Name]
		if !shared {
			b = buf.New(n)
		}
		if len(b.U8) != n {
			return nil, fmt.Errorf("exec: @%s: input %s: expected %d bytes, found %d", f.Name, in.Name, n, len(b.U8))
		}
		ex.buffers[in.Value] = b
	}
	for v := range f.Shapes {
		if root := p.Root[v]; p.Offset[root] >= 0 {
			ex.buffers[v] = arena.Slice(p.Offset[root], f.Shapes[v].Bytes())
		} else if p.First[root] < 0 && root != ir.ID(v) {
			ex.buffers[v] = ex.buffers[root]
		}
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		if in.Op == "reshape" {
			continue
		}
		k, err := ex.bind(in)
		if err != nil {
			return nil, fmt.Errorf("exec: @%s: instruction %d: %s: %w", f.Name, i, in.Op, err)
		}
		ex.kernels = append(ex.kernels, bound{in.Op, k, costOf(f, in, k), i, in.Loc})
	}
	for _, c := range p.Copies {
		s := f.Shape(c.To)
		k, err := move.NewCopy(s.DType, s.Size(), ex.pool.Workers())
		if err != nil {
			return nil, fmt.Errorf("exec: @%s: copy: %w", f.Name, err)
		}
		ex.later(k, []buf.Buf{ex.buffers[c.To]}, []buf.Buf{ex.buffers[c.From]})
		ex.kernels = append(ex.kernels, bound{"copy", k, cost{bytes: 2 * s.Bytes()}, -1, p.Loc(c.From)})
	}
	ex.bindScratch()
	return ex, nil
}

// Scratch is the bytes of scratch memory that f's kernels share.
func Scratch(f *ir.Func, o Options) (int, error) {
	ex := &Executable{plan: &plan.Plan{Func: f}, pool: o.Pool, buffers: make([]buf.Buf, len(f.Shapes)), eval: o.Eval, fours: o.Fours}
	for i := range f.Instrs {
		if in := &f.Instrs[i]; in.Op != "reshape" {
			if _, err := ex.bind(in); err != nil {
				return 0, fmt.Errorf("exec: @%s: instruction %d: %s: %w", f.Name, i, in.Op, err)
			}
		}
	}
	return 4 * ex.scratch, nil
}

// Run computes the outputs from the inputs.
func (ex *Executable) Run() error {
	ex.err = nil
	if ex.profile != nil {
		ex.profiled()
		return ex.err
	}
	for i := range ex.kernels {
		ex.kernels[i].k.Run(ex.pool)
	}
	return ex.err
}

// Input is the memory of an input; the caller writes it before Run.
func (ex *Executable) Input(name string) (buf.Buf, bool) {
	v, ok := ex.plan.Func.Input(name)
	if !ok {
		return buf.Buf{}, false
	}
	return ex.buffers[v], true
}

// Output is the memory of an output, valid until the next Run.
func (ex *Executable) Output(name string) (buf.Buf, bool) {
	v, ok := ex.plan.Func.Output(name)
	if !ok {
		return buf.Buf{}, false
	}
	return ex.buffers[v], true
}

// Plan is how memory is used.
func (ex *Executable) Plan() *plan.Plan { return ex.plan }

// FLOPs counts the multiplications and additions of products and convolutions in one Run.
func (ex *Executable) FLOPs() (n int64) {
	for i := range ex.kernels {
		n += ex.kernels[i].cost.flops
	}
	return n
}

// Memory is the bytes of all buffers, scratch included.
func (ex *Executable) Memory() int { return ex.plan.Arena + ex.plan.Inputs() + 4*ex.scratch }
