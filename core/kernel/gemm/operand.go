package gemm

import (
	"unsafe"

	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/gemm/tile"
)

// operand is a matrix in memory from some element on: float32, or bfloat16.
type operand struct {
	f []float32
	h []uint16
}

func (o operand) from(n int) operand {
	if o.h != nil {
		return operand{h: o.h[n:]}
	}
	return operand{f: o.f[n:]}
}

// at is the address of element n.
func (o operand) at(n int) *float32 {
	if o.h != nil {
		return (*float32)(unsafe.Pointer(&o.h[n]))
	}
	return &o.f[n]
}

func (o operand) len() int { return len(o.f) + len(o.h) }

// write stores a row.
func (o operand) write(row []float32) {
	if o.h != nil {
		bf16.Narrow(o.h[:len(row)], row)
		return
	}
	copy(o.f[:len(row)], row)
}

// packRows packs m rows of A over k of the sum.
func (p *plan) packRows(dst []float32, a operand, m, k int) {
	switch {
	case !p.pairs:
		tile.PackA(dst, a.f, p.am, p.ak, m, k)
	default:
		tile.PackPairsA(dst, a.h, p.ak, p.hiA, m, k)
	}
}

// packColumns packs n columns of B over k of the sum.
func (p *plan) packColumns(dst []float32, b operand, k, n int) {
	switch {
	case !p.pairs:
		tile.PackB(dst, b.f, p.bk, p.bn, k, n)
	case p.hiB == 1 && p.bn != 1: // columns of words
		words := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b.h))), len(b.h)/2)
		tile.PackB(dst, words, 1, p.bn/2, k, n)
	default:
		tile.PackPairsB(dst, b.h, p.bk, p.hiB, k, n)
	}
}
