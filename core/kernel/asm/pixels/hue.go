package main

import (
	"github.com/fwlab/fw/core/kernel/asm/constants"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// hue turns colours in 8-bit HSV. C's doubles are not needed: over the whole domain
// of each step (every sector, difference and range; every saturation and value) the
// operations on integers and floats here give the same bytes.
func hue() {
	function("avx2Hue", "the hue of the n pixels of p becomes larger by shift, modulo 256"+inPlace, "p *uint8, shift uint32")
	Load(Param("p"), dst)
	scalar("shift", Y14)
	loop(8, func() {
		loadGroup(dst, Y3)
		for c := range 3 {
			channel(c, Y3, v[c])
		}
		h, s, top := toHSV()
		VPADDD(Y14, h, h)
		VPAND(constants.Words(255), h, h)
		toRGB(h, s, top)
		next(dst)
	})
}

// toHSV takes red, green and blue in Y0 to Y2 to hue, saturation and value.
func toHSV() (h, s, top VecPhysical) {
	r, g, b := Y0, Y1, Y2
	top, low, isR, isG, span := Y3, Y4, Y5, Y6, Y7
	VPMAXSD(g, r, top)
	VPMAXSD(b, top, top)
	VPMINSD(g, r, low)
	VPMINSD(b, low, low)
	VPSUBD(low, top, span)
	VPCMPEQD(r, top, isR)
	VPCMPEQD(g, top, isG)

	// the two others: the distances to the top of the one before the top in the
	// order red, green, blue, and of the one after it; and the top's place times 2
	before, after, place := Y8, Y9, Y10
	VPBLENDVB(isG, r, g, before)
	VPBLENDVB(isR, b, before, before)
	VPSUBD(before, top, before)
	VPBLENDVB(isG, b, r, after)
	VPBLENDVB(isR, g, after, after)
	VPSUBD(after, top, after)
	VMOVDQU(constants.Num(4), place)
	VPBLENDVB(isG, spread(2), place, place)
	VPANDN(place, isR, place) // 0 for red

	// x = place + before/span - after/span, of which one is 1 and the other t
	lowest, t := Y11, Y0
	VPCMPEQD(span, before, lowest) // before is the lowest
	VPADDD(before, after, t)
	VPSUBD(span, t, t)
	VCVTDQ2PS(t, t)
	VPMAXSD(constants.Words(1), span, Y1)
	VCVTDQ2PS(Y1, Y1)
	VDIVPS(Y1, t, t)
	VMOVDQU(constants.Num(-1), Y1)
	VPBLENDVB(lowest, spread(1), Y1, Y1)
	VADDPS(Y1, place, place)
	VPAND(constants.Words(1<<31), lowest, lowest)
	VXORPS(lowest, t, t)
	x := t
	VADDPS(t, place, x)

	// x/6, correctly rounded, modulo 1, in 255 steps
	sixth := constants.Num(1. / 6)
	VMULPS(sixth, x, Y1)
	VFNMADD231PS(constants.Num(6), Y1, x) // what is left
	VFMADD231PS(sixth, x, Y1)
	VPSRAD(U8(31), Y1, Y2)
	VPAND(constants.Num(1), Y2, Y2)
	VADDPS(Y2, Y1, Y1)
	VMULPS(constants.Num(255), Y1, Y1)
	VCVTTPS2DQ(Y1, Y1)

	// saturation is 255*span/top, rounded down; a quarter stands for rounding errors
	VCVTDQ2PS(span, span)
	VMOVUPS(constants.Num(0.25), Y2)
	VFMADD231PS(constants.Num(255), span, Y2)
	VPMAXSD(constants.Words(1), top, Y4)
	VCVTDQ2PS(Y4, Y4)
	VDIVPS(Y4, Y2, Y2)
	VCVTTPS2DQ(Y2, Y2)
	return Y1, Y2, top
}

// spread is a number where an instruction takes no memory for this operand.
func spread(x float64) VecPhysical {
	VMOVUPS(constants.Num(x), Y15)
	return Y15
}

// toRGB stores the colours of hue, saturation and value.
func toRGB(h, s, top VecPhysical) {
	// 6h = 255*sector + f
	sector, f := Y4, Y5
	VPADDD(h, h, f)
	VPADDD(h, f, f)
	VPADDD(f, f, f)
	VPMULLD(constants.Words(257), f, sector)
	VPADDD(constants.Words(257), sector, sector)
	VPSRLD(U8(16), sector, sector)
	VPMULLD(constants.Words(255), sector, Y6)
	VPSUBD(Y6, f, f)
	VPSLLD(U8(31), sector, Y6) // of even sectors f rises
	VPSRAD(U8(31), Y6, Y6)
	VMOVDQU(constants.Words(255), Y7)
	VPSUBD(f, Y7, Y8)
	VPBLENDVB(Y6, f, Y8, f)

	// low = top*(255-s)/255 and mid = top*(255*255-s*f)/(255*255), rounded; no
	// quotient lies half-way, and products are below 2^24
	half := Y9
	VMOVUPS(constants.Num(0.5), half)
	low, mid := Y7, Y8
	VPSUBD(s, low, low)
	VPMULLD(top, low, low)
	VCVTDQ2PS(low, low)
	VFMADD132PS(constants.Num(1./255), half, low)
	VCVTTPS2DQ(low, low)
	VPMULLD(s, f, f)
	VMOVDQU(constants.Words(255*255), mid)
	VPSUBD(f, mid, mid)
	VPMULLD(top, mid, mid)
	VCVTDQ2PS(mid, mid)
	VFMADD132PS(constants.Num(1./(255*255)), half, mid)
	VCVTTPS2DQ(mid, mid)

	// top, mid and low are three bytes, which the sector puts in their places
	VPSLLD(U8(8), mid, mid)
	VPSLLD(U8(16), low, low)
	VPOR(mid, top, top)
	VPOR(low, top, top)
	var places, here []byte
	for _, p := range [8][3]byte{{0, 1, 2}, {1, 0, 2}, {2, 0, 1}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1}, {0, 1, 2}, {}} {
		places = append(places, p[0], p[1], p[2], 0)
	}
	for k := range byte(4) {
		here = append(here, 4*k, 4*k, 4*k, none)
	}
	VMOVDQU(constants.Bytes(places...), Y6)
	VPERMD(Y6, sector, sector)
	VPADDB(constants.Bytes(here...), sector, sector)
	VPSHUFB(sector, top, top)
	VPSHUFB(constants.Bytes(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, none, none, none, none), top, top)
	storeHalves(top, dst)
}
