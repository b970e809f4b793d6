package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The functions here work on rows of cols floats, stride floats apart, with one
// accumulator or coefficient per column.

func columnFunction(name, doc string, names []string, body func(r []GPPhysical)) {
	TEXT(name, NOSPLIT, "func("+strings.Join(names, ", ")+" *float32, rows, cols, stride int)")
	Pragma("noescape")
	Doc(name + ": " + doc + ", i < rows, j < cols, rows above 0, cols a multiple of 8 for AVX2.")
	both(func() {
		regs := pointerRegs[:len(names)]
		for i, n := range names {
			Load(Param(n), regs[i])
		}
		Load(Param("rows"), RBX)
		Load(Param("cols"), RCX)
		Load(Param("stride"), RAX)
		SHLQ(U8(2), RAX) // in bytes
		body(regs)
	})
}

// down emits the loops for accumulators kept in registers while the rows go by:
// tiles of four vectors, then of one, then a masked one. moving pointers walk
// down the rows, fixed ones step with the tile.
func down(moving, fixed []GPPhysical, load, row, store func(k int)) {
	MOVQ(RAX, R12)
	IMULQ(RBX, R12) // bytes of all rows
	tile := func(name string, vectors int) {
		for k := range vectors {
			load(k)
		}
		MOVQ(RBX, R15)
		Label(label(name + "rows"))
		for k := range vectors {
			row(k)
		}
		for _, p := range moving {
			ADDQ(RAX, p)
		}
		DECQ(R15)
		JNZ(LabelRef(label(name + "rows")))
		for k := range vectors {
			store(k)
		}
		for _, p := range moving {
			SUBQ(R12, p)
		}
	}
	var all []step
	for _, p := range append(append([]GPPhysical{}, moving...), fixed...) {
		all = append(all, step{p, 4})
	}
	repeat("four", 4*on.lanes, all, func() { tile("four", 4) })
	repeat("one", on.lanes, all, func() { tile("one", 1) })
	if on == wide {
		TESTQ(RCX, RCX)
		JZ(LabelRef(label("downdone")))
		setTail(R15)
		onTail(func() { tile("rest", 1) })
		Label(label("downdone"))
	}
}

// wideColumns is where walking down the rows costs more than keeping the
// accumulators in the L1 cache: the parts of rows that down visits lie too far
// apart for the processor to fetch them ahead.
const wideColumns = 256

// accumulate emits both walks over one body; they add in the same order.
func accumulate(moving, fixed []GPPhysical, load, row, store func(k int)) {
	CMPQ(RCX, U32(wideColumns))
	JGE(LabelRef(label("across")))
	down(moving, fixed, load, row, store)
	JMP(LabelRef(label("alldone")))
	Label(label("across"))
	across(moving, fixed, func(k int) {
		load(k)
		row(k)
		store(k)
	})
	Label(label("alldone"))
}

// across emits the loops for elementwise work row after row: moving pointers
// run through each row, coefficients start again with it.
func across(moving, coefficients []GPPhysical, body func(k int)) {
	var all []step
	for _, p := range append(append([]GPPhysical{}, moving...), coefficients...) {
		all = append(all, step{p, 4})
	}
	MOVQ(RCX, R15) // the columns of every row
	MOVQ(RCX, R12)
	SHLQ(U8(2), R12) // bytes of a row that are used
	SUBQ(R12, RAX)   // and the gap after them
	if on == wide {
		ANDQ(U8(15), RCX)
		setTail(R12)
		MOVQ(R15, R12)
		SHLQ(U8(2), R12)
	}
	Label(label("row"))
	MOVQ(R15, RCX)
	groups(2, all, body)
	repeat("odd", on.lanes, all, func() { body(0) })
	if on == wide {
		TESTQ(RCX, RCX)
		JZ(LabelRef(label("next")))
		onTail(func() { body(0) })
		SHLQ(U8(2), RCX)
		for _, s := range all {
			ADDQ(RCX, s.reg)
		}
		Label(label("next"))
	}
	for _, p := range coefficients {
		SUBQ(R12, p)
	}
	for _, p := range moving {
		ADDQ(RAX, p)
	}
	DECQ(RBX)
	JNZ(LabelRef(label("row")))
}

func columns() {
	columnFunction("avxColSum", "acc[j] += the sum of x[i*stride+j]", []string{"acc", "x"}, func(r []GPPhysical) {
		acc, x := r[0], r[1]
		accumulate([]GPPhysical{x}, []GPPhysical{acc},
			func(k int) { load(at(acc, k), v[k]) },
			func(k int) {
				load(at(x, k), v[8+k])
				VADDPS(v[8+k], v[k], v[k])
			},
			func(k int) { store(v[k], at(acc, k)) })
	})
	columnFunction("avxColSumSquares", "acc[j] += the sum of (x[i*stride+j]-mean[j])^2", []string{"acc", "x", "mean"}, func(r []GPPhysical) {
		acc, x, mean := r[0], r[1], r[2]
		accumulate([]GPPhysical{x}, []GPPhysical{acc, mean},
			func(k int) {
				load(at(acc, k), v[k])
				load(at(mean, k), v[4+k])
			},
			func(k int) {
				load(at(x, k), v[8+k])
				VSUBPS(v[4+k], v[8+k], v[8+k])
				VFMADD231PS(v[8+k], v[8+k], v[k])
			},
			func(k int) { store(v[k], at(acc, k)) })
	})
	columnFunction("avxColMoments", "with d = x[i*stride+j]-shift[j]: acc[j] += the sum of d and squares[j] += the sum of d^2",
		[]string{"acc", "squares", "x", "shift"}, func(r []GPPhysical) {
			acc, squares, x, shift := r[0], r[1], r[2], r[3]
			accumulate([]GPPhysical{x}, []GPPhysical{acc, squares, shift},
				func(k int) {
					load(at(acc, k), v[k])
					load(at(squares, k), v[4+k])
					load(at(shift, k), v[8+k])
				},
				func(k int) {
					load(at(x, k), v[12+k])
					VSUBPS(v[8+k], v[12+k], v[12+k])
					VADDPS(v[12+k], v[k], v[k])
					VFMADD231PS(v[12+k], v[12+k], v[4+k])
				},
				func(k int) {
					store(v[k], at(acc, k))
					store(v[4+k], at(squares, k))
				})
		})
	columnDots("avxColDots", dense, false)
	columnDots("avxColDotsRelu", read, false)
	columnDots("avxColDotsReluStore", read, true)
	columnDots("avxColDotsAgain", again, false)
	for _, past := range []bool{false, true} {
		columnAffine("avxColAffine", false, false, past)
		columnAffine("avxColAffineRelu", false, true, past)
		columnAffine("avxColAffineAdd", true, false, past)
		columnAffine("avxColAffineAddRelu", true, true, past)
	}
	columnGrad("avxColGrad", dense)
	columnGrad("avxColGradRelu", read)
	columnGrad("avxColGradAgain", again)
}

// A gate is what a gradient dy passes on its way back.
type gate int

const (
	dense gate = iota // none: g = dy
	read              // a rectifier whose output is read
	again             // a rectifier whose input is computed again, with the forward pass's roundings
)

func (g gate) doc() string {
	switch g {
	case read:
		return " where out[i*stride+j] > 0, else 0"
	case again:
		return " where (x[i*stride+j]-mean[j])*a[j] + offset[j] > 0, rounded as by avxColAffine, else 0"
	}
	return ""
}

// through leaves in g what of dy passes a rectifier: dy where g > 0, else 0.
func through(dy Mem, g VecPhysical, k int) {
	c := flag(g, k)
	compare(0x1e, word(0), g, c)
	if on == wide {
		load(dy, g)
		keep(c, g, g)
		return
	}
	keep(c, dy, g)
}

// hold keeps a coefficient in v[slot+k] where there are registers enough;
// coefficient is where it then is.
func hold(p GPPhysical, k, slot int) {
	if on == wide {
		load(at(p, k), v[slot+k])
	}
}

func coefficient(p GPPhysical, k, slot int) Op {
	if on == wide {
		return v[slot+k]
	}
	return at(p, k)
}

func columnDots(name string, relu gate, keepIt bool) {
	doc := "acc[j] += the sum of g and dot[j] += the sum of g*(x[i*stride+j]-mean[j]), g = dy[i*stride+j]" + relu.doc()
	names := []string{"acc", "dot", "mean"}
	if relu == again {
		names = append(names, "a", "offset")
	}
	fixed := len(names)
	names = append(names, "dy", "x")
	if relu == read {
		names = append(names, "out")
	}
	if keepIt {
		doc += ", also stored in masked"
		names = append(names, "masked")
	}
	columnFunction(name, doc, names, func(r []GPPhysical) {
		acc, dot := r[0], r[1]
		dy, x := r[fixed], r[fixed+1]
		accumulate(r[fixed:], r[:fixed],
			func(k int) {
				load(at(acc, k), v[k])
				load(at(dot, k), v[4+k])
				for i := 2; i < fixed; i++ {
					hold(r[i], k, 8+4*i)
				}
			},
			func(k int) {
				g, d := v[8+k], v[12+k]
				load(at(x, k), d)
				VSUBPS(coefficient(r[2], k, 16), d, d)
				switch relu {
				case dense:
					load(at(dy, k), g)
				case read:
					load(at(r[fixed+2], k), g)
					through(at(dy, k), g, k)
				case again:
					VMOVUPS(coefficient(r[3], k, 20), g)
					VFMADD213PS(coefficient(r[4], k, 24), d, g)
					through(at(dy, k), g, k)
				}
				if keepIt {
					store(g, at(r[fixed+3], k))
				}
				VADDPS(g, v[k], v[k])
				VFMADD231PS(g, d, v[4+k])
			},
			func(k int) {
				store(v[k], at(acc, k))
				store(v[4+k], at(dot, k))
			})
	})
}

// elementwise walks across the rows, or down one tile of them with the
// coefficients that hold loads in registers.
func elementwise(moving, coefficients []GPPhysical, hold, body func(k int)) {
	all := func(k int) {
		hold(k)
		body(k)
	}
	if on == avx2 {
		across(moving, coefficients, all)
		return
	}
	CMPQ(RCX, U32(4*on.lanes))
	JNE(LabelRef(label("across")))
	down(moving, coefficients, hold, body, func(int) {})
	JMP(LabelRef(label("alldone")))
	Label(label("across"))
	across(moving, coefficients, all)
	Label(label("alldone"))
}

// pastCache stores whole vectors straight to memory, at a multiple of their size.
func pastCache(r VecPhysical, m Mem) {
	if tailing {
		store(r, m)
		return
	}
	VMOVNTPS(r, m)
}

func columnAffine(name string, add, relu, past bool) {
	keep := store
	end := func() {}
	if past {
		name, keep, end = name+"Past", pastCache, SFENCE
	}
	value := "(x[i*stride+j]-mean[j])*a[j] + b[j]"
	names := []string{"mean", "a", "b", "dst", "x"}
	if add {
		value += " + r[i*stride+j]"
		names = append(names, "r")
	}
	if relu {
		value = "max(" + value + ", 0)"
	}
	if past {
		value += ", past the cache; dst and stride multiples of 64 bytes"
	}
	columnFunction(name, "dst[i*stride+j] = "+value, names, func(r []GPPhysical) {
		if relu {
			zero(v[15])
		}
		elementwise(r[3:], r[:3],
			func(k int) {
				for i := range 3 {
					hold(r[i], k, 16+4*i)
				}
			},
			func(k int) {
				load(at(r[4], k), v[k])
				VSUBPS(coefficient(r[0], k, 16), v[k], v[k])
				VMOVUPS(coefficient(r[1], k, 20), v[4+k])
				VFMADD213PS(coefficient(r[2], k, 24), v[4+k], v[k])
				if add {
					load(at(r[5], k), v[8+k])
					VADDPS(v[8+k], v[k], v[k])
				}
				if relu {
					VMAXPS(v[k], v[15], v[k]) // NaN stays
				}
				keep(v[k], at(r[3], k))
			})
		end()
	})
}

func columnGrad(name string, relu gate) {
	names := []string{"mean", "a", "b", "c"}
	if relu == again {
		names = append(names, "offset")
	}
	fixed := len(names)
	names = append(names, "dst", "dy", "x")
	if relu == read {
		names = append(names, "out")
	}
	doc := "dst[i*stride+j] = g*a[j] + ((x[i*stride+j]-mean[j])*b[j] + c[j]), g = dy[i*stride+j]" + relu.doc()
	columnFunction(name, doc, names, func(r []GPPhysical) {
		dst, dy, x := r[fixed], r[fixed+1], r[fixed+2]
		elementwise(r[fixed:], r[:fixed],
			func(k int) {
				for i := range 4 {
					hold(r[i], k, 16+4*i)
				}
				if relu == again {
					hold(r[4], k, 12)
				}
			},
			func(k int) {
				h, t, g := v[k], v[4+k], v[8+k]
				load(at(x, k), h)
				VSUBPS(coefficient(r[0], k, 16), h, h)
				switch relu {
				case dense:
					load(at(dy, k), g)
				case read:
					load(at(r[fixed+3], k), g)
					through(at(dy, k), g, k)
				case again:
					VMOVUPS(coefficient(r[1], k, 20), g)
					VFMADD213PS(coefficient(r[4], k, 12), h, g)
					through(at(dy, k), g, k)
				}
				VMOVUPS(coefficient(r[2], k, 24), t)
				VFMADD213PS(coefficient(r[3], k, 28), t, h)
				VFMADD231PS(coefficient(r[1], k, 20), g, h)
				store(h, at(dst, k))
			})
	})
}
