package norm

import (
	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/buf"
)

// Halves says which operands and results are bfloat16: bit i stands for the i-th.
// Arithmetic is float32's; some rows at a time are widened in their worker's memory,
// and results are rounded when they leave it.
type Halves struct{ In, Out uint8 }

// values is a tensor of float32 or bfloat16.
type values struct {
	f []float32
	h []uint16
}

func (h Halves) in(b []buf.Buf, i, n int) values { return valuesOf(b[i], h.In>>i&1 != 0, n) }

func (h Halves) out(b []buf.Buf, i, n int) values { return valuesOf(b[i], h.Out>>i&1 != 0, n) }

func valuesOf(b buf.Buf, half bool, n int) values {
	if half {
		return values{h: b.BF16[:n]}
	}
	return values{f: b.F32[:n]}
}

// has is whether there is such a tensor.
func (v values) has() bool { return v.f != nil || v.h != nil }

// read is elements lo..hi as float32, those of a bfloat16 in tmp.
func (v values) read(tmp []float32, lo, hi int) []float32 {
	switch {
	case v.h != nil:
		bf16.Widen(tmp[:hi-lo], v.h[lo:hi])
		bf16.Prefetch(v.h[hi:min(2*hi-lo, len(v.h))]) // the rows that come next, most likely
		return tmp[:hi-lo]
	case v.f != nil:
		return v.f[lo:hi]
	}
	return nil
}

// room is where elements lo..hi are to be written before [values.done].
func (v values) room(tmp []float32, lo, hi int) []float32 {
	switch {
	case v.h != nil:
		return tmp[:hi-lo]
	case v.f != nil:
		return v.f[lo:hi]
	}
	return nil
}

// done stores elements lo..hi from their room.
func (v values) done(room []float32, lo, hi int) {
	if v.h != nil {
		bf16.Narrow(v.h[lo:hi], room)
	}
}

// rooms is a worker's memory for so many elements of each operand.
type rooms struct {
	floats []float32
	size   int
}

// roomFloats is about how many elements are widened at once: all operands of a
// kernel stay in the L1 cache.
const roomFloats = 2048

// blocks calls do for rows of c columns from row on, as many at once as there is
// room for: all n where nothing is bfloat16.
func (r *rooms) blocks(row, n, c int, do func(lo, hi int)) {
	each := n
	if r.size > 0 {
		each = r.size / c
	}
	for end := row + n; row < end; row += each {
		do(row*c, min(row+each, end)*c)
	}
}

// at is the i-th of count rooms of a worker.
func (r *rooms) at(worker, count, i int) []float32 {
	if r.size == 0 {
		return nil
	}
	return r.floats[(worker*count+i)*r.size:][:r.size]
}
