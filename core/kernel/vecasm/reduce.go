package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Reductions keep 32 partial results, in four vectors or two: partial result j
// takes elements j, j+32, ..., and the first eight take what is left of the
// last group. So both targets give the same bits.
const partials = 32

// fold combines the partial results in v[0], v[1], ...: of the four eights
// (0+1)+(2+3), and then halves. It uses the next two vectors.
func fold(op func(...Op)) {
	if on == wide {
		y0, y1, t := v[0].AsY().(VecPhysical), v[1].AsY().(VecPhysical), v[2].AsY().(VecPhysical)
		upper(v[0], t)
		op(t, y0, y0)
		upper(v[1], t)
		op(t, y1, y1)
		op(y1, y0, y0)
	} else {
		op(v[1], v[0], v[0])
		op(v[3], v[2], v[2])
		op(v[2], v[0], v[0])
	}
	foldEight(v[0], v[1], op)
}

// foldEight combines the first eight lanes of a into its first.
func foldEight(a, t VecPhysical, op func(...Op)) {
	x, u := a.AsX(), t.AsX()
	VEXTRACTF128(U8(1), a.AsY(), u)
	op(u, x, x)
	VMOVHLPS(x, x, u)
	op(u, x, x)
	VPSHUFD(U8(1), x, u)
	op(u, x, x)
}

// foldVector combines a vector of sixteen lanes, or two of eight, into the first lane of a.
func foldSixteen(a, b, t VecPhysical, op func(...Op)) {
	if on == wide {
		upper(a, t)
		op(t.AsY(), a.AsY(), a.AsY())
	} else {
		op(b, a, a)
	}
	foldEight(a, t, op)
}

func reductions() {
	sum := func(name, doc string, pointers, scalars []string, body func(r []GPPhysical, k int)) {
		function(name, doc, eights, pointers, scalars, " float32", func(r []GPPhysical) {
			zero(v[:partials/on.lanes]...)
			streamEights(partials, floats(r...), func(k int) { body(r, k) })
			fold(VADDPS)
			Store(X0, ReturnIndex(0))
		})
	}
	sum("avxSum", "the sum of x[i]", []string{"x"}, nil, func(r []GPPhysical, k int) {
		load(at(r[0], k), v[4+k])
		into(VADDPS, v[4+k], v[k], v[k])
	})
	sum("avxDot", "the sum of a[i]*b[i]", []string{"a", "b"}, nil, func(r []GPPhysical, k int) {
		load(at(r[0], k), v[4+k])
		load(at(r[1], k), v[8+k])
		into(VFMADD231PS, v[8+k], v[4+k], v[k])
	})
	sum("avxSumSquares", "the sum of (x[i]-s)^2", []string{"x"}, []string{"s"}, func(r []GPPhysical, k int) {
		load(at(r[0], k), v[4+k])
		VSUBPS(v[15], v[4+k], v[4+k])
		into(VFMADD231PS, v[4+k], v[4+k], v[k])
	})

	for _, o := range []struct {
		name, doc string
		op        func(...Op)
	}{{"avxMaxOf", "the largest x[i]", VMAXPS}, {"avxMinOf", "the smallest x[i]", VMINPS}} {
		function(o.name, o.doc+", NaN if any is, n above 0", eights, []string{"x"}, nil, " float32", func(r []GPPhysical) {
			for k := range partials / on.lanes {
				if on == wide {
					VBROADCASTF32X8(Mem{Base: r[0]}, v[k])
				} else {
					VMOVUPS(at(r[0], 0), v[k])
				}
			}
			zero(v[8])
			streamEights(partials, floats(r...), func(k int) {
				load(at(r[0], k), v[4+k])
				nan := flag(v[9+k], k)
				compare(3, v[4+k], v[4+k], nan)
				ones(nan, v[8])
				into(o.op, v[4+k], v[k], v[k])
			})
			fold(o.op)
			foldSixteen(v[8], v[8], v[9], VORPS)
			VORPS(X8, X0, X0)
			Store(X0, ReturnIndex(0))
		})
	}
}
