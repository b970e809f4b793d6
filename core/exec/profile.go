package exec

import (
	"cmp"
	"slices"
	"time"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// cost is what an instruction has to do, whatever its kernel.
type cost struct {
	flops int64 // multiplications and additions of products and convolutions
	bytes int   // of operands and results, as far as they are read and written
}

// partly is a row per op that touches a part of its first operand alone: the
// operand that replaces the part, or -1 where the part is the result.
var partly = map[string]int{"slice": -1, "gather": -1, "dynamic_slice": -1, "scatter": 2, "dynamic_update_slice": 1}

func costOf(f *ir.Func, in *ir.Instr, k runner) (c cost) {
	if x, ok := k.(interface{ FLOPs() int64 }); ok {
		c.flops = x.FLOPs()
	}
	operands, results := in.In, in.Out
	if part, ok := partly[in.Op]; ok {
		if part >= 0 {
			results = in.In[part : part+1]
		}
		operands = append(slices.Clone(results), in.In[1:]...)
	}
	for _, list := range [][]ir.ID{operands, results} {
		for _, v := range list {
			c.bytes += f.Shape(v).Bytes()
		}
	}
	return c
}

// Profile is the time that instructions took, summed over runs.
type Profile struct {
	Runs   int
	Total  time.Duration // of all instructions
	Began  time.Time
	Instrs []InstrProfile
	Events []Event // of the first runs, in order of time
}

// InstrProfile is one instruction, or a copy of the plan's. FLOPs counts products
// and convolutions; Bytes is operands and results, each once, of slices what is moved.
type InstrProfile struct {
	Op           string
	Loc          ir.Loc // of a fusion: where its first instruction was written
	In, Out      []shape.Shape
	FLOPs, Bytes int64 // of one run
	Held         int64 // bytes of its results among those alive when most are
	Time         time.Duration
}

// Event is one instruction of one run.
type Event struct {
	Instr       int           // in Profile.Instrs
	Start, Took time.Duration // Start since Profile.Began
}

// StartProfile times every instruction from now on and keeps the events of the
// first runs, that many. A run then takes some microseconds more, and allocates
// nothing either.
func (ex *Executable) StartProfile(runs int) {
	p := &Profile{Began: time.Now(), Events: make([]Event, 0, runs*len(ex.kernels))}
	f := ex.plan.Func
	held := make([]int64, len(f.Instrs))
	for _, v := range ex.plan.AtPeak() {
		held[ex.plan.First[v]] += int64(f.Shape(v).Bytes())
	}
	for i := range ex.kernels {
		b := &ex.kernels[i]
		row := InstrProfile{Op: b.op, FLOPs: b.cost.flops, Bytes: int64(b.cost.bytes), Loc: b.loc}
		if b.instr >= 0 {
			in := &f.Instrs[b.instr]
			row.Held = held[b.instr]
			for _, v := range in.In {
				row.In = append(row.In, f.Shape(v))
			}
			for _, v := range in.Out {
				row.Out = append(row.Out, f.Shape(v))
			}
		}
		p.Instrs = append(p.Instrs, row)
	}
	ex.profile = p
}

// Profile is what was measured since StartProfile.
func (ex *Executable) Profile() *Profile { return ex.profile }

// Group is instructions that have a key in common, over all runs.
type Group struct {
	Key          string
	Instrs       int
	Time         time.Duration
	FLOPs, Bytes int64
	BF16FLOPs    int64 // of FLOPs, those of bfloat16 operands
	Moved        int64 // Bytes without those of products and convolutions
	Held         int64 // bytes, as in InstrProfile
}

// GroupBy sums the instructions by a key, the longest first.
func (p *Profile) GroupBy(key func(*InstrProfile) string) []Group {
	at := map[string]int{}
	var list []Group
	for i := range p.Instrs {
		in := &p.Instrs[i]
		k := key(in)
		if _, ok := at[k]; !ok {
			at[k] = len(list)
			list = append(list, Group{Key: k})
		}
		g := &list[at[k]]
		g.Instrs++
		g.Time += in.Time
		g.FLOPs += in.FLOPs * int64(p.Runs)
		g.Bytes += in.Bytes * int64(p.Runs)
		switch {
		case in.FLOPs == 0:
			g.Moved += in.Bytes * int64(p.Runs)
		case in.In[0].DType == dtype.BF16:
			g.BF16FLOPs += in.FLOPs * int64(p.Runs)
		}
		g.Held += in.Held
	}
	slices.SortStableFunc(list, func(a, b Group) int { return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(a.Key, b.Key)) })
	return list
}

// Kernels is how many kernels a Run runs.
func (ex *Executable) Kernels() int { return len(ex.kernels) }

func (ex *Executable) profiled() {
	p := ex.profile
	p.Runs++
	last := time.Since(p.Began)
	for i := range ex.kernels {
		ex.kernels[i].k.Run(ex.pool)
		now := time.Since(p.Began)
		took := now - last
		p.Instrs[i].Time += took
		p.Total += took
		if len(p.Events) < cap(p.Events) {
			p.Events = append(p.Events, Event{i, last, took})
		}
		last = now
	}
}
