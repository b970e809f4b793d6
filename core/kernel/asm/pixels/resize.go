package main

import (
	"github.com/fwlab/fw/core/kernel/asm/constants"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// precision is package pix's: of weights, in bits.
const precision = 22

// columns is one row of a vertical pass: of 32 columns at a time, then of 8.
func columns() {
	function("avx2Columns", "dst[i] = clip8(half + the sum over k < taps of weights[k]*src[k*stride+i]), n a multiple of 8 above 0, taps above 0", "dst, src *uint8, stride int, weights *int32, taps int")
	row, stride, weights, taps, w, k := RAX, RDX, RBX, R8, R9, R10
	Load(Param("dst"), dst)
	Load(Param("src"), src)
	Load(Param("stride"), stride)
	Load(Param("weights"), weights)
	Load(Param("taps"), taps)
	part := func(name string, vectors int) {
		Label(name)
		CMPQ(count, U32(8*vectors))
		JL(LabelRef(name + "end"))
		for i := range vectors {
			VMOVDQU(constants.Words(1<<(precision-1)), v[i])
		}
		MOVQ(src, row)
		MOVQ(weights, w)
		MOVQ(taps, k)
		Label(name + "tap")
		VPBROADCASTD(at(w, 0), Y15)
		for i := range vectors {
			VPMOVZXBD(at(row, 8*i), v[8+i])
			VPMULLD(Y15, v[8+i], v[8+i])
			VPADDD(v[8+i], v[i], v[i])
		}
		ADDQ(stride, row)
		ADDQ(U8(4), w)
		DECQ(k)
		JNZ(LabelRef(name + "tap"))
		for i := range vectors {
			VPSRAD(U8(precision), v[i], v[i])
		}
		if vectors == 4 {
			packBytes()
			VMOVDQU(Y0, at(dst, 0))
		} else {
			VEXTRACTI128(U8(1), Y0, X1)
			VPACKSSDW(X1, X0, X0)
			VPACKUSWB(X0, X0, X0)
			VMOVQ(X0, at(dst, 0))
		}
		ADDQ(U8(8*vectors), src)
		ADDQ(U8(8*vectors), dst)
		SUBQ(U8(8*vectors), count)
		JMP(LabelRef(name))
		Label(name + "end")
	}
	part("wide", 4)
	part("narrow", 1)
	VZEROUPPER()
	RET()
}

// packBytes clips the 32 words of Y0 to Y3 to bytes in Y0; it uses Y4.
func packBytes() {
	VPACKSSDW(Y1, Y0, Y0)
	VPACKSSDW(Y3, Y2, Y2)
	VPACKUSWB(Y2, Y0, Y0) // the four bytes of each vector's halves
	VMOVDQU(constants.Order(0, 4, 1, 5, 2, 6, 3, 7), Y4)
	VPERMD(Y0, Y4, Y0)
}

// rows is a horizontal pass of one row, and of four at a time: a pixel after the
// other, its channels side by side.
func rows() {
	const doc = " clip8(half + the sum over start[j] <= k < start[j+1] of weights[k]*pixel first[j]+k-start[j] of src), of three channels, n above 0; a byte behind each pixel read"
	begin, start, weights, from, w, end := RDX, RBX, R8, RAX, R9, R10
	arguments := func() {
		Load(Param("dst"), dst)
		Load(Param("src"), src)
		Load(Param("first"), begin)
		Load(Param("start"), start)
		Load(Param("weights"), weights)
		VMOVDQU(constants.Words(1<<(precision-1)), X14)
		MOVLQSX(at(start, 0), w)
		LEAQ(Mem{Base: weights, Index: w, Scale: 4}, w)
	}
	// taps sums up the taps of a pixel of each row into acc
	taps := func(name string, acc []VecPhysical, tap func(r int) Mem) {
		MOVQ(at(begin, 0), from)
		LEAQ(Mem{Base: from, Index: from, Scale: 2}, from)
		ADDQ(src, from)
		MOVLQSX(at(start, 4), end)
		LEAQ(Mem{Base: weights, Index: end, Scale: 4}, end)
		for _, r := range acc {
			VMOVDQA(X14, r)
		}
		Label(name)
		VPBROADCASTD(at(w, 0), X15)
		for i, r := range acc {
			t := X8
			if i%2 == 1 {
				t = X9
			}
			VPMOVZXBD(tap(i), t)
			VPMULLD(X15, t, t)
			VPADDD(t, r, r)
		}
		ADDQ(U8(3), from)
		ADDQ(U8(4), w)
		CMPQ(w, end)
		JL(LabelRef(name))
		for _, r := range acc {
			VPSRAD(U8(precision), r, r)
		}
	}
	next := func() {
		ADDQ(U8(3), dst)
		ADDQ(U8(8), begin)
		ADDQ(U8(4), start)
	}

	function("avx2Rows", "pixel j of dst ="+doc+" or written is touched", "dst, src *uint8, first *int, start, weights *int32")
	arguments()
	Label("pixel")
	taps("tap", []VecPhysical{X0}, func(int) Mem { return at(from, 0) })
	VPACKSSDW(X0, X0, X0)
	VPACKUSWB(X0, X0, X0)
	VMOVD(X0, at(dst, 0))
	next()
	DECQ(count)
	JNZ(LabelRef("pixel"))
	VZEROUPPER()
	RET()

	function("avx2FourRows", "pixel j of four rows of dst, to bytes apart, and of src, stride apart, ="+doc+" is touched", "dst, src *uint8, first *int, start, weights *int32, stride, to int")
	arguments()
	stride, three, to, four := R11, R12, R13, []VecPhysical{X0, X1, X2, X3}
	Load(Param("stride"), stride)
	Load(Param("to"), to)
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, three)
	pixel := func(name string, store func(r int, m Mem)) {
		taps(name, four, func(r int) Mem {
			return [4]Mem{at(from, 0), {Base: from, Index: stride, Scale: 1}, {Base: from, Index: stride, Scale: 2}, {Base: from, Index: three, Scale: 1}}[r]
		})
		VPACKSSDW(X1, X0, X0)
		VPACKSSDW(X3, X2, X2)
		VPACKUSWB(X2, X0, X0)
		LEAQ(Mem{Base: dst, Index: to, Scale: 2}, from)
		for r, m := range [4]Mem{at(dst, 0), {Base: dst, Index: to, Scale: 1}, at(from, 0), {Base: from, Index: to, Scale: 1}} {
			store(r, m)
		}
	}
	DECQ(count)
	JZ(LabelRef("last"))
	Label("pixel")
	pixel("tap", func(r int, m Mem) { VPEXTRD(U8(r), X0, m) })
	next()
	DECQ(count)
	JNZ(LabelRef("pixel"))
	Label("last") // whose row has nothing behind it that may be written
	pixel("lasttap", func(r int, m Mem) {
		VPEXTRW(U8(2*r), X0, m)
		m.Disp = 2
		VPEXTRB(U8(4*r+2), X0, m)
	})
	VZEROUPPER()
	RET()
}
