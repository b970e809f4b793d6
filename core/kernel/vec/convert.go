package vec

import "math"

// F32FromI32: dst[i] = float32(a[i]), rounded to nearest even.
func F32FromI32(dst []float32, a []int32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxF32FromI32(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		dst[i] = float32(a[i])
	}
}

// I32FromF32: dst[i] = a[i] truncated; values out of range saturate, NaN becomes 0.
func I32FromF32(dst []int32, a []float32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxI32FromF32(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		switch x := a[i]; {
		case x >= 1<<31:
			dst[i] = math.MaxInt32
		case x <= -1<<31:
			dst[i] = math.MinInt32
		case x != x:
			dst[i] = 0
		default:
			dst[i] = int32(x)
		}
	}
}

// MaskFromBool: dst[i] = all ones where a[i] is not 0.
func MaskFromBool(dst []uint32, a []uint8) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxMaskFromBool(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		dst[i] = mask(a[i] != 0)
	}
}

// BoolFromMask: dst[i] = 1 where a[i] is all ones, 0 where it is 0.
func BoolFromMask(dst []uint8, a []uint32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxBoolFromMask(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		dst[i] = uint8(a[i] & 1)
	}
}

// U32FromU8: dst[i] = uint32(a[i]).
func U32FromU8(dst []uint32, a []uint8) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxU32FromU8(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		dst[i] = uint32(a[i])
	}
}

// U8FromU32: dst[i] = the low byte of a[i].
func U8FromU32(dst []uint8, a []uint32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxU8FromU32(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		dst[i] = uint8(a[i])
	}
}
