package gemm

import (
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// permute copies a dense tensor with its dimensions in another order. A nil
// permute copies nothing.
type permute struct {
	order    []int // of the source's dimensions
	dims     []int // of the copy
	from     []int // source's strides, in the copy's order
	dst, src []float32
	rows     int // of the copy, to a chunk; a row is the last dimension
}

func newPermute(dims, order []int) *permute {
	p := &permute{order: order}
	s := shape.Strides(dims)
	for _, d := range order {
		p.dims, p.from = append(p.dims, dims[d]), append(p.from, s[d])
	}
	p.rows = max(1, 4096/p.dims[len(p.dims)-1])
	return p
}

// strides are the copy's, in the source's order.
func (p *permute) strides() []int {
	out, s := make([]int, len(p.order)), shape.Strides(p.dims)
	for i, d := range p.order {
		out[d] = s[i]
	}
	return out
}

func (p *permute) size() int {
	if p == nil {
		return 0
	}
	n := 1
	for _, d := range p.dims {
		n *= d
	}
	return n
}

func (p *permute) run(pl *pool.Pool) {
	if p != nil {
		pl.Run(ceilDiv(p.size()/p.dims[len(p.dims)-1], p.rows), p)
	}
}

// Chunk copies some rows.
func (p *permute) Chunk(i, _ int) {
	last := len(p.dims) - 1
	n, step := p.dims[last], p.from[last]
	for r := i * p.rows; r < min((i+1)*p.rows, len(p.dst)/n); r++ {
		at, rest := 0, r
		for d := last - 1; d >= 0; d-- {
			at += rest % p.dims[d] * p.from[d]
			rest /= p.dims[d]
		}
		row := p.dst[r*n : (r+1)*n]
		if step == 1 {
			copy(row, p.src[at:])
			continue
		}
		for x := range row {
			row[x] = p.src[at+x*step]
		}
	}
}
