package main

import (
	"strings"

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
	MOVQ(RAX, R12)
	IMULQ(RBX, R12) // bytes of all rows
	SHRQ(U8(3), RCX)
	tile := func(label string, vectors int) {
		for k := range vectors {
			load(k)
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
		for _, p := range moving {
			SUBQ(R12, p)
			ADDQ(U32(32*vectors), p)
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

// wideColumns is where walking down the rows costs more than keeping the
// accumulators in the L1 cache: the parts of rows that down visits lie too far
// apart for the processor to fetch them ahead.
const wideColumns = 256

// accumulate emits both walks over one body; they add in the same order.
func accumulate(moving, fixed []GPPhysical, load, row, store func(k int)) {
	CMPQ(RCX, U32(wideColumns))
	JAE(LabelRef("across"))
	down(moving, fixed, load, row, store)
	Label("across")
	across(moving, fixed, func(k int) {
		load(k)
		row(k)
		store(k)
	})
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
	accumulate([]GPPhysical{x}, []GPPhysical{acc},
		func(k int) { VMOVUPS(at(acc, k), y[k]) },
		func(k int) { VADDPS(at(x, k), y[k], y[k]) },
		func(k int) { VMOVUPS(y[k], at(acc, k)) })

	r = startColumns("avxColSumSquares", "acc[j] += the sum of (x[i*stride+j]-mean[j])^2", "acc, x, mean", 3, "acc", "x", "mean")
	acc, x = r[0], r[1]
	mean := r[2]
	accumulate([]GPPhysical{x}, []GPPhysical{acc, mean},
		func(k int) { VMOVUPS(at(acc, k), y[k]); VMOVUPS(at(mean, k), y[4+k]) },
		func(k int) {
			VMOVUPS(at(x, k), y[8+k])
			VSUBPS(y[4+k], y[8+k], y[8+k])
			VFMADD231PS(y[8+k], y[8+k], y[k])
		},
		func(k int) { VMOVUPS(y[k], at(acc, k)) })

	r = startColumns("avxColMoments", "with d = x[i*stride+j]-shift[j]: acc[j] += the sum of d and squares[j] += the sum of d^2",
		"acc, squares, x, shift", 4, "acc", "squares", "x", "shift")
	acc, squares, shift := r[0], r[1], r[3]
	x = r[2]
	accumulate([]GPPhysical{x}, []GPPhysical{acc, squares, shift},
		func(k int) {
			VMOVUPS(at(acc, k), y[k])
			VMOVUPS(at(squares, k), y[4+k])
			VMOVUPS(at(shift, k), y[8+k])
		},
		func(k int) {
			VMOVUPS(at(x, k), y[12+k])
			VSUBPS(y[8+k], y[12+k], y[12+k])
			VADDPS(y[12+k], y[k], y[k])
			VFMADD231PS(y[12+k], y[12+k], y[4+k])
		},
		func(k int) { VMOVUPS(y[k], at(acc, k)); VMOVUPS(y[4+k], at(squares, k)) })

	columnDots("avxColDots", false, false)
	columnDots("avxColDotsRelu", true, false)
	columnDots("avxColDotsReluStore", true, true)
	columnAffine("avxColAffine", false, false)
	columnAffine("avxColAffineRelu", false, true)
	columnAffine("avxColAffineAdd", true, false)
	columnAffine("avxColAffineAddRelu", true, true)
	columnGrad("avxColGrad", false)
	columnGrad("avxColGradRelu", true)
}

// pass leaves dy where out > 0, and 0 elsewhere, in g: the gradient of relu.
func pass(dy, out Mem, g, t VecPhysical) {
	VXORPS(t, t, t)
	VCMPPS(U8(0x11), out, t, t)
	VANDPS(dy, t, g)
}

func columnDots(name string, relu, store bool) {
	doc := "acc[j] += the sum of g and dot[j] += the sum of g*(x[i*stride+j]-mean[j]), g = dy[i*stride+j]"
	names := []string{"acc", "dot", "mean", "dy", "x"}
	if relu {
		doc += " where out[i*stride+j] > 0, else 0"
		names = append(names, "out")
	}
	if store {
		doc += ", also stored in masked"
		names = append(names, "masked")
	}
	r := startColumns(name, doc, strings.Join(names, ", "), len(names), names...)
	acc, dot, mean, dy, x := r[0], r[1], r[2], r[3], r[4]
	accumulate(r[3:], []GPPhysical{acc, dot, mean},
		func(k int) {
			VMOVUPS(at(acc, k), y[k])
			VMOVUPS(at(dot, k), y[4+k])
		},
		func(k int) {
			g, d := y[8+k], y[12+k]
			if relu {
				pass(at(dy, k), at(r[5], k), g, d)
			} else {
				VMOVUPS(at(dy, k), g)
			}
			if store {
				VMOVUPS(g, at(r[6], k))
			}
			VMOVUPS(at(x, k), d)
			VSUBPS(at(mean, k), d, d)
			VADDPS(g, y[k], y[k])
			VFMADD231PS(g, d, y[4+k])
		},
		func(k int) { VMOVUPS(y[k], at(acc, k)); VMOVUPS(y[4+k], at(dot, k)) })
}

func columnAffine(name string, add, relu bool) {
	value := "(x[i*stride+j]-mean[j])*a[j] + b[j]"
	names := []string{"mean", "a", "b", "dst", "x"}
	if add {
		value += " + r[i*stride+j]"
		names = append(names, "r")
	}
	if relu {
		value = "max(" + value + ", 0)"
	}
	r := startColumns(name, "dst[i*stride+j] = "+value, strings.Join(names, ", "), len(names), names...)
	if relu {
		VXORPS(Y15, Y15, Y15)
	}
	across(r[3:], r[:3], func(k int) {
		VMOVUPS(at(r[4], k), y[k])
		VSUBPS(at(r[0], k), y[k], y[k])
		VMOVUPS(at(r[1], k), y[4+k])
		VFMADD213PS(at(r[2], k), y[4+k], y[k])
		if add {
			VADDPS(at(r[5], k), y[k], y[k])
		}
		if relu {
			VMAXPS(y[k], Y15, y[k]) // NaN stays
		}
		VMOVUPS(y[k], at(r[3], k))
	})
}

func columnGrad(name string, relu bool) {
	doc := "dst[i*stride+j] = g*a[j] + ((x[i*stride+j]-mean[j])*b[j] + c[j]), g = dy[i*stride+j]"
	names := []string{"mean", "a", "b", "c", "dst", "dy", "x"}
	if relu {
		doc += " where out[i*stride+j] > 0, else 0"
		names = append(names, "out")
	}
	r := startColumns(name, doc, strings.Join(names, ", "), len(names), names...)
	across(r[4:], r[:4], func(k int) {
		VMOVUPS(at(r[6], k), y[k])
		VSUBPS(at(r[0], k), y[k], y[k])
		VMOVUPS(at(r[2], k), y[4+k])
		VFMADD213PS(at(r[3], k), y[4+k], y[k])
		if relu {
			pass(at(r[5], k), at(r[7], k), y[8+k], y[10+k])
		} else {
			VMOVUPS(at(r[5], k), y[8+k])
		}
		VFMADD231PS(at(r[1], k), y[8+k], y[k])
		VMOVUPS(y[k], at(r[4], k))
	})
}
