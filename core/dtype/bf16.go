package dtype

// BF16FromF32 rounds the bits of a float32 to those of the nearest bfloat16, ties
// to even, as VCVTNEPS2BF16 does: denormals become zeros of their sign, NaN a
// quiet NaN of its sign.
func BF16FromF32(bits uint32) uint16 {
	const exponent = 0xff << 23
	switch {
	case bits&exponent == 0:
		return uint16(bits >> 16 & 0x8000)
	case bits&exponent == exponent && bits<<9 != 0:
		return uint16(bits>>16 | 0x40)
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// F32FromBF16 is the bits of a bfloat16 as those of the same float32.
func F32FromBF16(bits uint16) uint32 { return uint32(bits) << 16 }
