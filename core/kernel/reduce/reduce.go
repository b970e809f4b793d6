// Package reduce owns the kernels that combine elements along dimensions:
// reduce, argmax and cumulative_sum. Work is cut and joined in an order that
// depends on the shape alone. Start from [New].
package reduce

import (
	"fmt"
	"slices"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// Kind is how a reduction combines two elements, named as in StableHLO.
type Kind uint8

const (
	Add Kind = iota
	Multiply
	Maximum // NaN if any element is
	Minimum // NaN if any element is
	And     // of predicates
	Or      // of predicates
)

var kindNames = []string{"add", "multiply", "maximum", "minimum", "and", "or"}

// String is StableHLO's name of the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "invalid"
}

// ParseKind is the inverse of String.
func ParseKind(name string) (Kind, bool) {
	i := slices.Index(kindNames, name)
	return Kind(max(i, 0)), i >= 0
}

// Spec is a reduction of Axes of a row-major tensor; the other dimensions stay in their order.
type Spec struct {
	DType dtype.DType // f32, i32 or u32; bool for And and Or
	Dims  []int
	Axes  []int
	Kind  Kind
}

// Kernel is a planned reduction: one stage for each run of neighbouring reduced
// dimensions, and further ones that join the partial results of long runs.
type Kernel struct {
	spec    Spec
	in, out int // elements
	stages  []stage
	scratch int
}

// New plans s.
func New(s Spec, workers int) (*Kernel, error) {
	x := shape.Of(s.DType, s.Dims...)
	if err := x.Check(); err != nil {
		return nil, fmt.Errorf("reduce: %w", err)
	}
	logical := s.Kind == And || s.Kind == Or
	switch {
	case s.Kind > Or:
		return nil, fmt.Errorf("reduce: unknown kind %d", s.Kind)
	case logical && s.DType != dtype.Bool, !logical && s.DType != dtype.F32 && s.DType != dtype.I32 && s.DType != dtype.U32:
		return nil, fmt.Errorf("reduce: %v does not take %v", s.Kind, x)
	}
	reduced := make([]bool, len(s.Dims))
	for _, a := range s.Axes {
		if a < 0 || a >= len(s.Dims) || reduced[a] {
			return nil, fmt.Errorf("reduce: axes %v must be distinct dimensions of %v", s.Axes, x)
		}
		reduced[a] = true
	}
	k := &Kernel{spec: s, in: x.Size()}
	k.plan(reduced)
	return k, nil
}

// plan makes stages from the last run of reduced dimensions to the first. A
// stage sees its operand as [outer, n, inner] and reduces n.
func (k *Kernel) plan(reduced []bool) {
	size := k.in
	inner := 1
	for d := len(reduced) - 1; d >= 0; {
		run := 1
		e := d
		for ; e >= 0 && reduced[e] == reduced[d]; e-- {
			run *= k.spec.Dims[e]
		}
		if !reduced[d] {
			inner *= run
		} else if run > 1 {
			k.addStages(size/run/inner, run, inner)
			size /= run
		}
		d = e
	}
	k.out = size
	if len(k.stages) == 0 {
		k.addStages(1, 1, size) // nothing to combine: a copy
	}
	// All stages but the last write into scratch.
	for i := range k.stages[:len(k.stages)-1] {
		st := &k.stages[i]
		st.at = k.scratch
		k.scratch += ceil(st.outer*st.parts*st.inner*k.spec.DType.Size(), buf.Align) * buf.Align / 4
	}
}

func (k *Kernel) addStages(outer, n, inner int) {
	for {
		st := newStage(k.spec, outer, n, inner)
		k.stages = append(k.stages, st)
		if st.parts == 1 {
			return
		}
		n = st.parts
	}
}

func ceil(a, b int) int { return (a + b - 1) / b }

// Scratch is how many float32s Bind needs.
func (k *Kernel) Scratch() int { return k.scratch }

// Bind gives the kernel its memory: one input and one output, which must not overlap.
func (k *Kernel) Bind(scratch []float32, out, in []buf.Buf) {
	d := k.spec.DType
	if len(scratch) < k.scratch || len(out) != 1 || len(in) != 1 || in[0].Len(d) < k.in || out[0].Len(d) < k.out {
		panic(fmt.Sprintf("reduce: Bind: expected %d floats of scratch, an input of %d and an output of %d elements", k.scratch, k.in, k.out))
	}
	src := in[0]
	for i := range k.stages {
		st := &k.stages[i]
		st.src, st.dst = src, out[0]
		if i < len(k.stages)-1 {
			st.dst = buf.OfF32(scratch[st.at:k.scratch])
		}
		src = st.dst
	}
}

// Run computes the output.
func (k *Kernel) Run(p *pool.Pool) {
	for i := range k.stages {
		p.Run(k.stages[i].chunks, &k.stages[i])
	}
}
