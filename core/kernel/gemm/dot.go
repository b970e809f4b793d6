package gemm

import (
	"fmt"
	"slices"

	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// DotSpec is StableHLO's dot_general of dense row-major operands: dimensions
// LhsBatch[i] and RhsBatch[i] go together, LhsContract[i] and RhsContract[i] are
// summed over. The result's dimensions are the batch dimensions, the lhs's
// others, the rhs's others.
type DotSpec struct {
	Lhs, Rhs                 []int // dimensions
	LhsBatch, RhsBatch       []int
	LhsContract, RhsContract []int
	Accumulate               bool // add to the result's buffer
	Bias                     bool // add one element for each place in the rhs's other dimensions
	Pairs, Half              bool // as in [Spec]; where the sum is not evenly spaced there is no kernel
	Epilogue                 Epilogue
}

// Dot is a planned dot_general. It runs as products over the operands where
// they are; only an operand whose summed dimensions are not evenly spaced is
// first copied.
type Dot struct {
	gemm     *Gemm
	lhs, rhs *permute // nil, or the copy
	dims     []int
}

// axis is a dimension of a product: its size, and the elements from one index
// to the next in the lhs, the rhs and the result.
type axis struct{ size, a, b, c int }

// NewDot plans the dot_general for at most so many workers.
func NewDot(s DotSpec, workers int) (*Dot, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	d := &Dot{}
	lhsFree := others(len(s.Lhs), s.LhsBatch, s.LhsContract)
	rhsFree := others(len(s.Rhs), s.RhsBatch, s.RhsContract)
	a, b := shape.Strides(s.Lhs), shape.Strides(s.Rhs)
	sum := func() []axis {
		var out []axis
		for i, l := range s.LhsContract {
			out = append(out, axis{s.Lhs[l], a[l], b[s.RhsContract[i]], 0})
		}
		return out
	}
	k := sum()
	if len(merge(k, axis.chainsA)) > 1 {
		d.lhs = newPermute(s.Lhs, slices.Concat(s.LhsBatch, lhsFree, s.LhsContract))
		a = d.lhs.strides()
		k = sum()
	}
	if len(merge(k, axis.chainsB)) > 1 {
		d.rhs = newPermute(s.Rhs, slices.Concat(s.RhsBatch, s.RhsContract, rhsFree))
		b = d.rhs.strides()
		k = sum()
	}

	var batches, m, n []axis
	for i, l := range s.LhsBatch {
		batches = append(batches, axis{s.Lhs[l], a[l], b[s.RhsBatch[i]], 0})
		d.dims = append(d.dims, s.Lhs[l])
	}
	for _, l := range lhsFree {
		m = append(m, axis{s.Lhs[l], a[l], 0, 0})
		d.dims = append(d.dims, s.Lhs[l])
	}
	for _, r := range rhsFree {
		n = append(n, axis{s.Rhs[r], 0, b[r], 0})
		d.dims = append(d.dims, s.Rhs[r])
	}
	c := shape.Strides(d.dims)
	for i := range d.dims {
		switch j := i - len(batches); {
		case j < 0:
			batches[i].c = c[i]
		case j < len(m):
			m[j].c = c[i]
		default:
			n[j-len(m)].c = c[i]
		}
	}
	p, err := product(batches, m, n, k)
	if err != nil {
		return nil, err
	}
	p.accumulate, p.withBias, p.then, p.pairing = s.Accumulate, s.Bias, s.Epilogue, floats
	if err := p.check(); err != nil {
		return nil, err
	}
	if s.Pairs {
		if d.lhs != nil || d.rhs != nil {
			return nil, ErrPairs
		}
		if p, err = p.paired(s.Half); err != nil {
			return nil, err
		}
	}
	d.gemm, err = newGemm(p, workers)
	return d, err
}

// product makes matrices of the innermost free axes; the others join the batch.
func product(batches, m, n, k []axis) (strided, error) {
	m, n, k = merge(m, axis.chains), merge(n, axis.chains), merge(k, axis.chains)
	inner := func(list []axis) (axis, []axis) {
		if len(list) == 0 {
			return axis{size: 1}, nil
		}
		last := len(list) - 1
		return list[last], list[:last]
	}
	mi, mo := inner(m)
	ni, no := inner(n)
	ki, ko := inner(k)
	if len(ko) > 0 {
		return strided{}, fmt.Errorf("gemm: dot_general: sum over %d separate axes", len(k))
	}
	p := strided{m: mi.size, n: ni.size, k: ki.size, am: mi.a, ak: ki.a, bk: ki.b, bn: ni.b, ldc: mi.c}
	if mi.size == 1 {
		p.am, p.ldc = max(1, ki.size*ki.a), ni.size
	}
	if ni.size == 1 {
		p.bn = 1
	}
	if ki.size == 1 {
		p.ak, p.bk = 1, max(1, p.bk)
	}
	for _, x := range merge(slices.Concat(batches, mo, no), axis.chains) {
		p.batch = append(p.batch, batch{size: x.size, a: x.a, b: x.b, c: x.c})
	}
	for _, x := range no { // columns outside the matrices take their bias along
		for i := range p.batch {
			if q := &p.batch[i]; q.c == x.c && q.a == 0 && q.b == x.b {
				q.bias = x.c
			}
		}
	}
	return p, nil
}

func (x axis) chainsA(outer axis) bool { return outer.a == x.a*x.size }
func (x axis) chainsB(outer axis) bool { return outer.b == x.b*x.size }
func (x axis) chains(outer axis) bool {
	return x.chainsA(outer) && x.chainsB(outer) && outer.c == x.c*x.size
}

// merge drops axes of size 1 and joins neighbours that are one evenly spaced axis.
func merge(list []axis, chains func(inner, outer axis) bool) []axis {
	var out []axis
	for _, x := range list {
		if x.size == 1 {
			continue
		}
		if last := len(out) - 1; last >= 0 && chains(x, out[last]) {
			x.size *= out[last].size
			out = out[:last]
		}
		out = append(out, x)
	}
	return out
}

// others are the dimensions of rank that are in neither list, in order.
func others(rank int, a, b []int) (out []int) {
	for d := range rank {
		if !slices.Contains(a, d) && !slices.Contains(b, d) {
			out = append(out, d)
		}
	}
	return out
}

func (s DotSpec) check() error {
	if len(s.LhsBatch) != len(s.RhsBatch) || len(s.LhsContract) != len(s.RhsContract) {
		return fmt.Errorf("gemm: dot_general: batch %v with %v, contract %v with %v: expected lists of equal length", s.LhsBatch, s.RhsBatch, s.LhsContract, s.RhsContract)
	}
	for _, side := range []struct {
		name string
		dims []int
		used []int
	}{{"lhs", s.Lhs, slices.Concat(s.LhsBatch, s.LhsContract)}, {"rhs", s.Rhs, slices.Concat(s.RhsBatch, s.RhsContract)}} {
		if err := shape.F32(side.dims...).Check(); err != nil {
			return fmt.Errorf("gemm: dot_general: %s: %w", side.name, err)
		}
		if slices.Contains(side.dims, 0) {
			return fmt.Errorf("gemm: dot_general: %s: expected no empty dimension, found %v", side.name, side.dims)
		}
		for i, d := range side.used {
			if d < 0 || d >= len(side.dims) || slices.Contains(side.used[:i], d) {
				return fmt.Errorf("gemm: dot_general: %s: expected different dimensions below %d, found %v", side.name, len(side.dims), side.used)
			}
		}
	}
	for i, l := range slices.Concat(s.LhsBatch, s.LhsContract) {
		if r := slices.Concat(s.RhsBatch, s.RhsContract)[i]; s.Lhs[l] != s.Rhs[r] {
			return fmt.Errorf("gemm: dot_general: lhs dimension %d and rhs dimension %d: expected equal sizes, found %d and %d", l, r, s.Lhs[l], s.Rhs[r])
		}
	}
	return nil
}

// Dims are the result's dimensions.
func (d *Dot) Dims() []int { return d.dims }

// FLOPs counts multiplications and additions.
func (d *Dot) FLOPs() int64 { return d.gemm.FLOPs() }

// Scratch is the float32s of scratch memory that Bind needs.
func (d *Dot) Scratch() int { return d.gemm.Scratch() + d.lhs.size() + d.rhs.size() }

// Bind sets the buffers. bias is nil unless the DotSpec asks for one.
func (d *Dot) Bind(scratch, out, lhs, rhs, bias []float32) {
	need("scratch", scratch, d.Scratch())
	if n := d.lhs.size(); n > 0 {
		need("lhs", lhs, n)
		d.lhs.dst, d.lhs.src, lhs, scratch = scratch[:n], lhs, scratch[:n], scratch[n:]
	}
	if n := d.rhs.size(); n > 0 {
		need("rhs", rhs, n)
		d.rhs.dst, d.rhs.src, rhs, scratch = scratch[:n], rhs, scratch[:n], scratch[n:]
	}
	d.gemm.Bind(scratch, out, lhs, rhs, bias)
}

// BindPairs is Bind for a DotSpec with Pairs: out is the result where that is
// float32, half where it is bfloat16.
func (d *Dot) BindPairs(scratch, out []float32, half, lhs, rhs []uint16, bias []float32) {
	need("scratch", scratch, d.Scratch())
	d.gemm.BindPairs(scratch, out, half, lhs, rhs, bias)
}

// Run computes the result. It allocates nothing.
func (d *Dot) Run(p *pool.Pool) {
	d.lhs.run(p)
	d.rhs.run(p)
	d.gemm.Run(p)
}
