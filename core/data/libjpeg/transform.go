package libjpeg

import "github.com/fwlab/fw/core/kernel/isa"

var useAVX2 = isa.AVX2()

// transform writes the 8x8 samples of a block of coefficients.
func transform(dst []uint8, stride int, b *[64]int16) {
	dst = dst[:7*stride+8]
	if useAVX2 {
		avx2Transform(&dst[0], stride, &b[0])
		return
	}
	plainTransform(dst, stride, b)
}

// fill is transform of a block whose coefficients are 0 but for the first.
func fill(dst []uint8, stride int, dc int16) {
	v := uint8(max(0, min(255, (int(dc)+4)>>3+128)))
	for y := range 8 {
		row := dst[y*stride:][:8]
		for x := range row {
			row[x] = v
		}
	}
}

// plainTransform is libjpeg's jpeg_idct_islow: columns, with two more bits, then rows.
func plainTransform(dst []uint8, stride int, b *[64]int16) {
	var w [64]int32
	for x := range 8 {
		var in [8]int32
		for k := range in {
			in[k] = int32(b[8*k+x])
		}
		for k, v := range line(in, 1<<10) {
			w[8*k+x] = v >> 11
		}
	}
	for y := range 8 {
		for x, v := range line([8]int32(w[8*y:]), 1<<17) {
			dst[y*stride+x] = uint8(max(0, min(255, v>>18+128)))
		}
	}
}

// line is a transform of eight (Loeffler, Ligtenberg and Moschytz 1989) in 13 bits
// of fraction, plus what its rounding needs.
func line(in [8]int32, round int32) [8]int32 {
	z := (in[2] + in[6]) * 4433
	e2, e3 := z-in[6]*15137, z+in[2]*6270
	e0, e1 := (in[0]+in[4])<<13+round, (in[0]-in[4])<<13+round
	s0, s3, s1, s2 := e0+e3, e0-e3, e1+e2, e1-e2

	z5 := (in[7] + in[3] + in[5] + in[1]) * 9633
	z1, z2 := (in[7]+in[1])*-7373, (in[5]+in[3])*-20995
	z3, z4 := (in[7]+in[3])*-16069+z5, (in[5]+in[1])*-3196+z5
	o0, o1, o2, o3 := in[7]*2446+z1+z3, in[5]*16819+z2+z4, in[3]*25172+z2+z3, in[1]*12299+z1+z4
	return [8]int32{s0 + o3, s1 + o2, s2 + o1, s3 + o0, s3 - o0, s2 - o1, s1 - o2, s0 - o3}
}
