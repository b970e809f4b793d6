package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The functions here do all rows of a layer normalisation in one call, so that
// the sums of a row end while the next begins.

// rowsFunction emits a loop over rows: pass goes once over a row, after
// which the pointers of back are at its beginning again.
func rowsFunction(name, scalars string, doc, names []string, body func(r []GPPhysical, pass func(name string, back []GPPhysical, emit func()))) {
	TEXT(name, NOSPLIT, "func("+strings.Join(names, ", ")+" *float32, rows, n int"+scalars+")")
	Pragma("noescape")
	Doc(append([]string{name + ": for each row of n, a multiple of 8 above 0; rows above 0:"}, doc...)...)
	both(func() {
		r := pointerRegs[:len(names)]
		for i, p := range names {
			Load(Param(p), r[i])
		}
		Load(Param("rows"), RBX)
		Load(Param("n"), R15)
		MOVQ(R15, R12)
		SHLQ(U8(2), R12) // bytes of a row
		Label(label("rows"))
		body(r, func(name string, back []GPPhysical, emit func()) {
			part = name
			MOVQ(R15, RCX)
			emit()
			part = ""
			for _, p := range back {
				SUBQ(R12, p)
			}
		})
		DECQ(RBX)
		JNZ(LabelRef(label("rows")))
	})
}

// perRow leaves in dst, a register of one float, x divided by the length of a row; t is used.
func perRow(x, dst, t VecPhysical) {
	VXORPS(t.AsX(), t.AsX(), t.AsX())
	VCVTSI2SSQ(R15, t.AsX(), t.AsX())
	VDIVSS(t.AsX(), x.AsX(), dst.AsX())
}

func layerNorm() {
	rowsFunction("avxLayerNorm", ", epsilon float32",
		[]string{"mean and rstd of x, dst[i] = (x[i]-mean)*rstd*a[i] + b[i]."},
		[]string{"dst", "x", "a", "b", "mean", "rstd"}, func(r []GPPhysical, pass func(string, []GPPhysical, func())) {
			dst, x, a, b, means, rstds := r[0], r[1], r[2], r[3], r[4], r[5]
			mean, rstd := v[15], v[14]
			pass("sum", []GPPhysical{x}, func() {
				zero(v[:partials/on.lanes]...)
				streamEights(partials, floats(x), func(k int) {
					load(at(x, k), v[4+k])
					into(VADDPS, v[4+k], v[k], v[k])
				})
			})
			fold(VADDPS)
			perRow(v[0], v[0], v[1])
			VMOVSS(X0, Mem{Base: means})
			VBROADCASTSS(X0, mean)
			pass("squares", []GPPhysical{x}, func() {
				zero(v[:partials/on.lanes]...)
				streamEights(partials, floats(x), func(k int) {
					load(at(x, k), v[4+k])
					VSUBPS(mean, v[4+k], v[4+k])
					into(VFMADD231PS, v[4+k], v[4+k], v[k])
				})
			})
			fold(VADDPS)
			perRow(v[0], v[0], v[1])
			epsilon, err := Param("epsilon").Resolve()
			if err != nil {
				panic(err)
			}
			VADDSS(epsilon.Addr, X0, X0)
			VSQRTSS(X0, X0, X0)
			VMOVSS(num(1), X1)
			VDIVSS(X0, X1, X0)
			VMOVSS(X0, Mem{Base: rstds})
			VBROADCASTSS(X0, rstd)
			pass("affine", []GPPhysical{a, b}, func() {
				stream(4, floats(dst, x, a, b), func(k int) { rowAffine(dst, x, a, b, mean, rstd, k) })
			})
			ADDQ(U8(4), means)
			ADDQ(U8(4), rstds)
		})

	rowsFunction("avxLayerNormGrad", "",
		[]string{"with h = (x[i]-mean)*rstd: dscale[i] += dy[i]*h, doffset[i] += dy[i],",
			"dx[i] = dy[i]*scale[i]*rstd + ((x[i]-mean)*p + q), where p is -rstd/n times the sum of dy[i]*scale[i]*h",
			"times rstd, and q -rstd/n times that of dy[i]*scale[i]."},
		[]string{"dx", "dscale", "doffset", "dy", "x", "scale", "mean", "rstd"}, func(r []GPPhysical, pass func(string, []GPPhysical, func())) {
			dx, dscale, doffset, dy, x, scale, means, rstds := r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]
			mean, rstd, p, q := v[15], v[14], v[13], v[12]
			VBROADCASTSS(Mem{Base: means}, mean)
			VBROADCASTSS(Mem{Base: rstds}, rstd)
			pass("dots", []GPPhysical{dscale, doffset, dy, x, scale}, func() {
				rowDots(dscale, doffset, dy, x, scale, mean, rstd)
			})
			perRow(rstd, v[0], v[1])
			VXORPS(word(0x80000000), X0, X0) // -rstd/n
			VMULSS(X10, X0, X1)
			VMULSS(rstd.AsX(), X1, X1)
			VMULSS(X8, X0, X2)
			VBROADCASTSS(X1, p)
			VBROADCASTSS(X2, q)
			pass("grad", []GPPhysical{scale}, func() {
				stream(2, floats(dx, dy, x, scale), func(k int) { rowGrad(dx, dy, x, scale, mean, rstd, p, q, k) })
			})
			ADDQ(U8(4), means)
			ADDQ(U8(4), rstds)
		})
}
