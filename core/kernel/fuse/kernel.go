package fuse

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// Kernel is a planned program. Plan with New, give it its buffers once with
// Bind, then Run it as often as needed.
type Kernel struct {
	plan     *plan
	n        int // elements of each output
	chunk    int // elements of each chunk, a multiple of the block
	layouts  []layout
	inTypes  []dtype.DType
	inNodes  []int
	outNodes []int
	outTypes []dtype.DType
	imms     [][]float32

	in, out []buf.Buf
	steps   []step
	moving  []window // direct inputs and outputs
	given   int      // slot of the input that comes in parts
	stores  []store
	workers []state
}

// window is a slot that shows a buffer's elements of the current block.
type window struct {
	slot   int
	data   []float32
	period int // of the buffer, if it is shorter than the output
}

// store copies a slot into an output at the end of a block.
type store struct {
	slot, out int
}

// state is what one worker has of its own.
type state struct {
	slots [][]float32
	_     [64]byte // workers do not share cache lines
}

const chunkElements = 16 << 10

// New plans s for the given number of workers.
func New(s Spec, workers int) (*Kernel, error) {
	out := shape.Of(dtype.F32, s.Dims...)
	if err := out.Check(); err != nil {
		return nil, fmt.Errorf("fuse: %w", err)
	}
	l, outs, types, err := lower(s)
	if err != nil {
		return nil, err
	}
	if s.Given && (len(s.Inputs) == 0 || s.Inputs[0].DType != dtype.F32 || !slices.Equal(s.Inputs[0].Strides, shape.Strides(s.Dims))) {
		return nil, errors.New("fuse: expected a dense input 0 of f32 to be given in parts")
	}
	k := &Kernel{n: out.Size(), inNodes: l.inputs, outNodes: outs, outTypes: types, workers: make([]state, workers)}
	for i, in := range s.Inputs {
		if len(in.Strides) != len(s.Dims) {
			return nil, fmt.Errorf("fuse: input %d: expected %d strides, found %v", i, len(s.Dims), in.Strides)
		}
		for d, st := range in.Strides {
			if st < 0 || st > 0 && s.Dims[d]-1 > shape.MaxElements/st {
				return nil, fmt.Errorf("fuse: input %d: strides %v are out of range for %v", i, in.Strides, s.Dims)
			}
		}
		k.layouts = append(k.layouts, layoutOf(s.Dims, in.Strides))
		k.inTypes = append(k.inTypes, in.DType)
	}
	k.plan = makePlan(l, outs, k.layouts, k.n, s.Given)
	k.chunk = max(1, chunkElements/k.plan.block) * k.plan.block
	for _, bits := range k.plan.imms {
		v := make([]float32, k.plan.block)
		for i := range v {
			v[i] = math.Float32frombits(bits)
		}
		k.imms = append(k.imms, v)
	}
	return k, nil
}

// Scratch is how many float32s Bind needs.
func (k *Kernel) Scratch() int { return len(k.workers) * k.plan.registers * k.plan.block }

// OutputDTypes are the element types of the outputs.
func (k *Kernel) OutputDTypes() []dtype.DType { return k.outTypes }

// Bind gives the kernel its memory; a given input has none. An output may be the very
// buffer of a dense input of the same element size; outputs and inputs must not
// overlap otherwise.
func (k *Kernel) Bind(scratch []float32, out, in []buf.Buf) {
	if len(out) != len(k.outNodes) || len(in) != len(k.layouts) || len(scratch) < k.Scratch() {
		panic(fmt.Sprintf("fuse: Bind: expected %d outputs, %d inputs and %d floats of scratch, found %d, %d and %d",
			len(k.outNodes), len(k.layouts), k.Scratch(), len(out), len(in), len(scratch)))
	}
	for i, b := range in {
		if k.plan.given && i == 0 {
			continue
		}
		if b.Len(k.inTypes[i]) < k.layouts[i].size {
			panic(fmt.Sprintf("fuse: Bind: input %d has %d elements, expected %d", i, b.Len(k.inTypes[i]), k.layouts[i].size))
		}
	}
	for i, b := range out {
		if b.Len(k.outTypes[i]) < k.n {
			panic(fmt.Sprintf("fuse: Bind: output %d has %d elements, expected %d", i, b.Len(k.outTypes[i]), k.n))
		}
	}
	p := k.plan
	k.in, k.out = append(k.in[:0], in...), append(k.out[:0], out...)
	k.steps = append(k.steps[:0], p.steps...)
	k.moving, k.stores = k.moving[:0], k.stores[:0]
	slots, at := p.registers+len(p.imms), append([]int(nil), p.slot...)
	for i, n := range k.inNodes {
		switch {
		case p.given && i == 0:
			k.given = p.slot[n]
			slots++
		case p.access[i] == direct:
			w := window{slot: p.slot[n], data: in[i].F32}
			if !k.layouts[i].dense() {
				w.period = k.layouts[i].period()
			}
			k.moving = append(k.moving, w)
			slots++
		}
	}
	for o, n := range k.outNodes {
		if !k.writesDirectly(o) {
			k.stores = append(k.stores, store{at[n], o})
			continue
		}
		k.moving = append(k.moving, window{slot: slots, data: out[o].F32})
		k.redirect(n, at[n], slots)
		at[n] = slots
		slots++
	}
	for w := range k.workers {
		s := make([][]float32, slots)
		for r := range p.registers {
			s[r], scratch = scratch[:p.block:p.block], scratch[p.block:]
		}
		copy(s[p.registers:], k.imms)
		k.workers[w].slots = s
	}
}

// writesDirectly reports whether the step that defines output o may write into
// its buffer: nobody reads an input there afterwards, and no other output is the same value.
func (k *Kernel) writesDirectly(o int) bool {
	n := k.outNodes[o]
	def := k.plan.def[n]
	if def < 0 || k.plan.steps[def].run == nil || k.outTypes[o].Size() != 4 {
		return false
	}
	for i, b := range k.in {
		if k.plan.lastUse[i] > def && buf.Overlap(b, k.out[o]) {
			return false
		}
	}
	for _, earlier := range k.outNodes[:o] {
		if earlier == n {
			return false
		}
	}
	return true
}

// redirect makes node n live in slot to instead of slot from.
func (k *Kernel) redirect(n, from, to int) {
	def := k.plan.def[n]
	k.steps[def].d = to
	// An output keeps its register to the end, so that every later read of it is of n.
	for i := def + 1; i < len(k.steps); i++ {
		s := &k.steps[i]
		if s.run == nil {
			continue
		}
		for _, operand := range []*int{&s.a, &s.b, &s.c} {
			if *operand == from {
				*operand = to
			}
		}
	}
}

// Run computes the outputs.
func (k *Kernel) Run(p *pool.Pool) { p.Run((k.n+k.chunk-1)/k.chunk, k) }

// Chunk implements pool.Task.
func (k *Kernel) Chunk(i, worker int) {
	k.stretch(worker, i*k.chunk, min(k.chunk, k.n-i*k.chunk), nil)
}

// Rows computes the outputs for rows of the given input, which lie one after the
// other in part. The first is element at of the outputs, and a row is stride elements
// from the next.
func (k *Kernel) Rows(worker int, part []float32, rows, cols, at, stride int) {
	if cols == stride {
		rows, cols = 1, rows*cols
	}
	for r := range rows {
		k.stretch(worker, at+r*stride, cols, part[r*cols:])
	}
}

// stretch computes n elements of the outputs from off on, for which part is the
// given input, if there is one.
func (k *Kernel) stretch(worker, off, n int, part []float32) {
	slots, p := k.workers[worker].slots, k.plan
	for i, a := range p.access {
		if a == constant {
			k.layouts[i].load(slots[p.slot[k.inNodes[i]]][:min(p.block, n)], k.in[i], k.inTypes[i], off)
		}
	}
	for n > 0 {
		m := min(n, p.block)
		if p.given {
			slots[k.given], part = part[:m], part[m:]
		}
		k.block(slots, off, m)
		off, n = off+m, n-m
	}
}

func (k *Kernel) block(slots [][]float32, off, n int) {
	for _, w := range k.moving {
		at := off
		if w.period > 0 {
			at %= w.period
		}
		slots[w.slot] = w.data[at : at+n]
	}
	for s := range k.steps {
		st := &k.steps[s]
		if st.run == nil {
			k.layouts[st.input].load(slots[st.d][:n], k.in[st.input], k.inTypes[st.input], off)
			continue
		}
		st.run(slots[st.d][:n], slots[st.a], slots[st.b], slots[st.c])
	}
	for _, s := range k.stores {
		k.store(s, slots[s.slot][:n], off)
	}
}

func (k *Kernel) store(s store, v []float32, off int) {
	switch out := k.out[s.out]; k.outTypes[s.out] {
	case dtype.Bool:
		vec.BoolFromMask(out.U8[off:off+len(v)], words(v))
	case dtype.U8:
		vec.U8FromU32(out.U8[off:off+len(v)], words(v))
	case dtype.BF16:
		bf16.Narrow(out.BF16[off:off+len(v)], v)
	default:
		copy(out.F32[off:off+len(v)], v)
	}
}
