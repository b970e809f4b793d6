package vec

// Transpose: dst[i*dstStride+j] = src[j*srcStride+i] for i < rows, j < cols.
// The strides must be at least cols and rows.
func Transpose(dst []uint32, dstStride int, src []uint32, srcStride, rows, cols int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	_, _ = dst[(rows-1)*dstStride+cols-1], src[(cols-1)*srcStride+rows-1]
	r8, c8 := eights(rows), eights(cols)
	if c8 > 0 {
		for i := 0; i < r8; i += 8 {
			avxTranspose8(&dst[i*dstStride], &src[i], dstStride, srcStride, c8)
		}
	} else {
		r8 = 0
	}
	for i := range rows {
		j := 0
		if i < r8 {
			j = c8
		}
		for d := dst[i*dstStride:][:cols]; j < cols; j++ {
			d[j] = src[j*srcStride+i]
		}
	}
}
