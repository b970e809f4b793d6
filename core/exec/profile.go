package exec

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/fwlab/fw/core/ir"
)

// cost is what an instruction has to do, whatever its kernel.
type cost struct {
	flops int64 // multiplications and additions of products and convolutions
	bytes int   // of operands and results
}

func costOf(f *ir.Func, in *ir.Instr, k runner) (c cost) {
	if x, ok := k.(interface{ FLOPs() int64 }); ok {
		c.flops = x.FLOPs()
	}
	for _, list := range [][]ir.ID{in.In, in.Out} {
		for _, v := range list {
			c.bytes += f.Shape(v).Bytes()
		}
	}
	return c
}

// Profile is the time that ops took, summed over runs.
type Profile struct {
	Runs  int
	Total time.Duration
	ops   map[string]*OpProfile
	trace func(op string, start time.Time, took time.Duration)
}

// OpProfile is one kind of op. FLOPs counts products and convolutions; Bytes is
// operands and results, each once.
type OpProfile struct {
	Op           string
	Calls        int
	Time         time.Duration
	FLOPs, Bytes int64
}

// StartProfile times every op from now on; trace, unless nil, is told of each.
// A run then costs some microseconds more.
func (ex *Executable) StartProfile(trace func(op string, start time.Time, took time.Duration)) {
	ex.profile = &Profile{ops: map[string]*OpProfile{}, trace: trace}
}

// Profile is what was measured since StartProfile.
func (ex *Executable) Profile() *Profile { return ex.profile }

// Ops is the kinds of ops, the longest first.
func (p *Profile) Ops() []OpProfile {
	var list []OpProfile
	for _, name := range slices.Sorted(maps.Keys(p.ops)) {
		list = append(list, *p.ops[name])
	}
	slices.SortStableFunc(list, func(a, b OpProfile) int { return cmp.Compare(b.Time, a.Time) })
	return list
}

func (ex *Executable) profiled() {
	p := ex.profile
	p.Runs++
	for i := range ex.kernels {
		b := &ex.kernels[i]
		start := time.Now()
		b.k.Run(ex.pool)
		took := time.Since(start)
		o := p.ops[b.op]
		if o == nil {
			o = &OpProfile{Op: b.op}
			p.ops[b.op] = o
		}
		o.Calls++
		o.Time += took
		o.FLOPs += b.cost.flops
		o.Bytes += int64(b.cost.bytes)
		p.Total += took
		if p.trace != nil {
			p.trace(b.op, start, took)
		}
	}
}
