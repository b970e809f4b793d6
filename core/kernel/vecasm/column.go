package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The functions here work on rows of cols floats, stride floats apart, with one
// accumulator or coefficient per column.

func startColumns(name, doc, pointers string, count int, names ...string) []GPPhysical {
	TEXT(name, NOSPLIT, "func("+pointers+" *float32, rows, cols, stride int)")
	Pragma("noescape")
	Doc(name + ": " + doc + ", i < rows, j < cols, cols a multiple of 8.")
	regs := pointerRegs[:count]
	for i, n := range names {
		Load(Param(n), regs[i])
	}
	Load(Param("rows"), RBX)
	Load(Param("cols"), RCX)
	Load(Param("stride"), RAX)
	SHLQ(U8(2), RAX) // in bytes
	return regs
}

// down emits the loops for accumulators kept in registers while the rows go by:
// tiles of four vectors, then of one. moving pointers walk down the rows,
// fixed ones step with the tile.
func down(moving, fixed []GPPhysical, load, row, store func(k int)) {
	saved := []GPPhysical{R12, R13}
	SHRQ(U8(3), RCX)
	tile := func(label string, vectors int) {
		for k := range vectors {
			load(k)
		}
		for i, p := range moving {
			MOVQ(p, saved[i])
		}
		MOVQ(RBX, R15)
		Label(label + "rows")
		for k := range vectors {
			row(k)
		}
		for _, p := range moving {
			ADDQ(RAX, p)
		}
		DECQ(R15)
		JNZ(LabelRef(label + "rows"))
		for k := range vectors {
			store(k)
		}
		for i, p := range moving {
			LEAQ(Mem{Base: saved[i], Disp: 32 * vectors}, p)
		}
		for _, p := range fixed {
			ADDQ(U32(32*vectors), p)
		}
	}
	CMPQ(RCX, U8(4))
	JB(LabelRef("narrow"))
	Label("wide")
	tile("wide", 4)
	SUBQ(U8(4), RCX)
	CMPQ(RCX, U8(4))
	JAE(LabelRef("wide"))
	Label("narrow")
	TESTQ(RCX, RCX)
	JZ(LabelRef("done"))
	Label("one")
	tile("one", 1)
	DECQ(RCX)
	JNZ(LabelRef("one"))
	Label("done")
	finish()
}

// across emits the loops for elementwise work row after row: moving pointers
// run through each row, coefficients start again with it.
func across(moving, coefficients []GPPhysical, body func(k int)) {
	SHRQ(U8(3), RCX)
	MOVQ(RCX, R12)
	SHLQ(U8(5), R12) // bytes of a row that are used
	SUBQ(R12, RAX)   // and the gap after them
	Label("row")
	MOVQ(RCX, R15)
	SHRQ(U8(1), R15)
	JZ(LabelRef("odd"))
	Label("pair")
	for k := range 2 {
		body(k)
	}
	for _, p := range append(append([]GPPhysical{}, moving...), coefficients...) {
		ADDQ(U8(64), p)
	}
	DECQ(R15)
	JNZ(LabelRef("pair"))
	Label("odd")
	TESTQ(U32(1), RCX)
	JZ(LabelRef("next"))
	body(0)
	for _, p := range append(append([]GPPhysical{}, moving...), coefficients...) {
		ADDQ(U8(32), p)
	}
	Label("next")
	for _, p := range coefficients {
		SUBQ(R12, p)
	}
	for _, p := range moving {
		ADDQ(RAX, p)
	}
	DECQ(RBX)
	JNZ(LabelRef("row"))
	finish()
}

func columns() {
	r := startColumns("avxColSum", "acc[j] += the sum of x[i*stride+j]", "acc, x", 2, "acc", "x")
	acc, x := r[0], r[1]
	down([]GPPhysical{x}, []GPPhysical{acc},
		func(k int) { VMOVUPS(at(acc, k), y[k]) },
		func(k int) { VADDPS(at(x, k), y[k], y[k]) },
		func(k int) { VMOVUPS(y[k], at(acc, k)) })

	r = startColumns("avxColSumSquares", "acc[j] += the sum of (x[i*stride+j]-mean[j])^2", "acc, x, mean", 3, "acc", "x", "mean")
	acc, x = r[0], r[1]
	mean := r[2]
	down([]GPPhysical{x}, []GPPhysical{acc, mean},
		func(k int) { VMOVUPS(at(acc, k), y[k]); VMOVUPS(at(mean, k), y[4+k]) },
		func(k int) {
			VMOVUPS(at(x, k), y[8+k])
			VSUBPS(y[4+k], y[8+k], y[8+k])
			VFMADD231PS(y[8+k], y[8+k], y[k])
		},
		func(k int) { VMOVUPS(y[k], at(acc, k)) })

	r = startColumns("avxColDots", "acc[j] += the sum of dy[i*stride+j] and dot[j] += the sum of dy[i*stride+j]*(x[i*stride+j]-mean[j])",
		"acc, dot, dy, x, mean", 5, "acc", "dot", "dy", "x", "mean")
	acc, dot, dy := r[0], r[1], r[2]
	x, mean = r[3], r[4]
	down([]GPPhysical{dy, x}, []GPPhysical{acc, dot, mean},
		func(k int) {
			VMOVUPS(at(acc, k), y[k])
			VMOVUPS(at(dot, k), y[4+k])
		},
		func(k int) {
			g, d := y[8+k], y[12+k]
			VMOVUPS(at(dy, k), g)
			VMOVUPS(at(x, k), d)
			VSUBPS(at(mean, k), d, d)
			VADDPS(g, y[k], y[k])
			VFMADD231PS(g, d, y[4+k])
		},
		func(k int) { VMOVUPS(y[k], at(acc, k)); VMOVUPS(y[4+k], at(dot, k)) })

	r = startColumns("avxColAffine", "dst[i*stride+j] = (x[i*stride+j]-mean[j])*a[j] + b[j]", "dst, x, mean, a, b", 5, "dst", "x", "mean", "a", "b")
	across(r[:2], r[2:], func(k int) {
		VMOVUPS(at(r[1], k), y[k])
		VSUBPS(at(r[2], k), y[k], y[k])
		VMOVUPS(at(r[3], k), y[4+k])
		VFMADD213PS(at(r[4], k), y[4+k], y[k])
		VMOVUPS(y[k], at(r[0], k))
	})

	g := startColumns("avxColGrad", "dst[i*stride+j] = dy[i*stride+j]*a[j] + ((x[i*stride+j]-mean[j])*b[j] + c[j])",
		"dst, dy, x, mean, a, b, c", 7, "dst", "dy", "x", "mean", "a", "b", "c")
	across(g[:3], g[3:], func(k int) {
		VMOVUPS(at(g[2], k), y[k])
		VSUBPS(at(g[3], k), y[k], y[k])
		VMOVUPS(at(g[5], k), y[4+k])
		VFMADD213PS(at(g[6], k), y[4+k], y[k])
		VMOVUPS(at(g[4], k), y[8+k])
		VFMADD231PS(at(g[1], k), y[8+k], y[k])
		VMOVUPS(y[k], at(g[0], k))
	})
}
