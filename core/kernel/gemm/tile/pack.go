package tile

import "github.com/fwlab/fw/core/kernel/isa"

// PackB copies the k x n matrix whose element (p, j) is src[p*ks + j*ns] into
// panels of [Cols] columns: dst[(j/16*k + p)*16 + j%16], zero padded. dst holds
// k * n rounded up to 16.
func PackB(dst, src []float32, ks, ns, k, n int) {
	j := 0
	if ns == 1 && isa.AVX2() {
		for ; j+4*Cols <= n; j += 4 * Cols {
			to, from := dst[j*k:(j+4*Cols)*k], src[j:j+(k-1)*ks+4*Cols]
			strips(Cols, &to[0], &from[0], ks, Cols*k, k)
		}
	}
	for ; j < n; j += Cols {
		PackPanel(dst[j*k:(j+Cols)*k], src[j*ns:], ks, ns, k, min(Cols, n-j))
	}
}

// PackPanel copies one panel of cols columns, element (p, j) at src[p*ks +
// j*ns], to dst[p*16 + j], zero padded.
func PackPanel(dst, src []float32, ks, ns, k, cols int) {
	switch {
	case cols == Cols && ns == 1:
		for p := range k {
			*(*[Cols]float32)(dst[p*Cols:]) = *(*[Cols]float32)(src[p*ks:])
		}
	case cols == Cols && ks == 1:
		transpose(dst, src, ns, k)
		transpose(dst[8:], src[8*ns:], ns, k)
	case ks == 1:
		clear(dst[:k*Cols])
		j := 0
		if cols >= 8 {
			transpose(dst, src, ns, k)
			j = 8
		}
		for ; j < cols; j++ {
			for p, x := range src[j*ns : j*ns+k] {
				dst[p*Cols+j] = x
			}
		}
	default:
		for p := range k {
			row := dst[p*Cols : p*Cols+Cols]
			from := src[p*ks:]
			for j := range cols {
				row[j] = from[j*ns]
			}
			clear(row[cols:])
		}
	}
}

// transpose: dst[p*16 + j] = src[j*stride + p] for j < 8, p < k.
func transpose(dst, src []float32, stride, k int) {
	p := 0
	if isa.AVX2() {
		_ = src[7*stride+k-1]
		p = avx2Transpose(&dst[0], &src[0], stride, k)
	}
	for ; p < k; p++ {
		for j := range 8 {
			dst[p*Cols+j] = src[j*stride+p]
		}
	}
}

// PackA copies the m x k matrix whose element (i, p) is src[i*ms + p*ks] into
// panels of [Rows] rows: dst[(i/Rows*k + p)*Rows + i%Rows]. dst holds k * m rounded up to Rows.
// Places beyond the last row are left as they are.
func PackA(dst, src []float32, ms, ks, m, k int) {
	i := 0
	if ms == 1 && k > 1 && isa.AVX2() {
		for ; i+4*Rows <= m; i += 4 * Rows {
			// The strips spill into what follows them, which the last row must not.
			to, from := dst[i*k:(i+4*Rows)*k], src[i:i+(k-1)*ks+4*Rows]
			strips(Rows, &to[0], &from[0], ks, Rows*k, k-1)
			for r := range 4 * Rows {
				to[(r/Rows*k+k-1)*Rows+r%Rows] = from[(k-1)*ks+r]
			}
		}
	}
	for ; i < m; i += Rows {
		panel, from := dst[i*k:(i+Rows)*k], src[i*ms:]
		for r := range min(Rows, m-i) {
			for p := range k {
				panel[p*Rows+r] = from[r*ms+p*ks]
			}
		}
	}
}
