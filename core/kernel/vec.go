package kernel

import "math"

// Vector primitives over slices of one length; dst may be an operand. The
// assembly takes whole groups of 8, the loop in Go the rest.

type binaryAsm func(dst, a, b *float32, n int)

func binaryVec(dst, a, b []float32, asm binaryAsm, f func(x, y float32) float32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := 0
	if useAVX2 && n >= 8 {
		i = n &^ 7
		asm(&dst[0], &a[0], &b[0], i)
	}
	for ; i < n; i++ {
		dst[i] = f(a[i], b[i])
	}
}

func vAdd(dst, a, b []float32) {
	binaryVec(dst, a, b, avxAdd, func(x, y float32) float32 { return x + y })
}
func vSub(dst, a, b []float32) {
	binaryVec(dst, a, b, avxSub, func(x, y float32) float32 { return x - y })
}
func vMul(dst, a, b []float32) {
	binaryVec(dst, a, b, avxMul, func(x, y float32) float32 { return x * y })
}
func vDiv(dst, a, b []float32) {
	binaryVec(dst, a, b, avxDiv, func(x, y float32) float32 { return x / y })
}
func vMax(dst, a, b []float32) { binaryVec(dst, a, b, avxMax, max32) }
func vMin(dst, a, b []float32) { binaryVec(dst, a, b, avxMin, min32) }

func max32(x, y float32) float32 { return max(x, y) } // Go's max is NaN if either is
func min32(x, y float32) float32 { return min(x, y) }

func bitwise(f func(x, y uint32) uint32) func(x, y float32) float32 {
	return func(x, y float32) float32 {
		return math.Float32frombits(f(math.Float32bits(x), math.Float32bits(y)))
	}
}

var (
	and32 = bitwise(func(x, y uint32) uint32 { return x & y })
	or32  = bitwise(func(x, y uint32) uint32 { return x | y })
	xor32 = bitwise(func(x, y uint32) uint32 { return x ^ y })
)

func vAnd(dst, a, b []float32) { binaryVec(dst, a, b, avxAnd, and32) }
func vOr(dst, a, b []float32)  { binaryVec(dst, a, b, avxOr, or32) }
func vXor(dst, a, b []float32) { binaryVec(dst, a, b, avxXor, xor32) }

var allOnes = math.Float32frombits(^uint32(0))

// mask turns a predicate into the bits the assembly's comparisons give.
func mask(ok bool) float32 {
	if ok {
		return allOnes
	}
	return 0
}

func vEQ(dst, a, b []float32) {
	binaryVec(dst, a, b, avxEQ, func(x, y float32) float32 { return mask(x == y) })
}
func vNE(dst, a, b []float32) {
	binaryVec(dst, a, b, avxNE, func(x, y float32) float32 { return mask(x != y) })
}
func vLT(dst, a, b []float32) {
	binaryVec(dst, a, b, avxLT, func(x, y float32) float32 { return mask(x < y) })
}
func vLE(dst, a, b []float32) {
	binaryVec(dst, a, b, avxLE, func(x, y float32) float32 { return mask(x <= y) })
}

func unaryVec(dst, a []float32, asm func(dst, a *float32, n int), f func(x float32) float32) {
	n := len(dst)
	a = a[:n]
	i := 0
	if useAVX2 && n >= 8 && asm != nil {
		i = n &^ 7
		asm(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		dst[i] = f(a[i])
	}
}

func sqrt32(x float32) float32  { return float32(math.Sqrt(float64(x))) }
func rsqrt32(x float32) float32 { return 1 / sqrt32(x) }
func abs32(x float32) float32   { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }
func neg32(x float32) float32   { return -x }
func exp32(x float32) float32   { return float32(math.Exp(float64(x))) }

// vExp pads the tail so that every element takes the same path: a value must
// not depend on its place.
func vExp(dst, a []float32) {
	if !useAVX2 {
		unaryVec(dst, a, nil, exp32)
		return
	}
	n := len(dst)
	if m := n &^ 7; m > 0 {
		avxExp(&dst[0], &a[0], m)
	}
	if m := n &^ 7; m < n {
		var t [8]float32
		copy(t[:], a[m:n])
		avxExp(&t[0], &t[0], 8)
		copy(dst[m:], t[:n-m])
	}
}

func vSelect(dst, m, a, b []float32) {
	n := len(dst)
	m, a, b = m[:n], a[:n], b[:n]
	i := 0
	if useAVX2 && n >= 8 {
		i = n &^ 7
		avxSelect(&dst[0], &m[0], &a[0], &b[0], i)
	}
	for ; i < n; i++ {
		if math.Float32bits(m[i])>>31 != 0 {
			dst[i] = a[i]
		} else {
			dst[i] = b[i]
		}
	}
}

// colSum: sum[j] = sum over rows of x[i*c+j].
func colSum(sum, x []float32, rows, c int) {
	if useAVX2 && c%8 == 0 && rows > 0 {
		avxColSum(&sum[0], &x[0], rows, c)
		return
	}
	clear(sum[:c])
	for i := range rows {
		for j, v := range x[i*c : i*c+c] {
			sum[j] += v
		}
	}
}

// colSumSq: sum[j] = sum over rows of (x[i*c+j]-mean[j])^2.
func colSumSq(sum, x, mean []float32, rows, c int) {
	if useAVX2 && c%8 == 0 && rows > 0 {
		avxColSumSq(&sum[0], &x[0], &mean[0], rows, c)
		return
	}
	clear(sum[:c])
	for i := range rows {
		for j, v := range x[i*c : i*c+c] {
			d := v - mean[j]
			sum[j] += d * d
		}
	}
}

// colDots: sdy[j] = sum of dy[i*c+j], sdyx[j] = sum of dy[i*c+j]*(x[i*c+j]-mean[j]).
func colDots(sdy, sdyx, dy, x, mean []float32, rows, c int) {
	if useAVX2 && c%8 == 0 && rows > 0 {
		avxColDots(&sdy[0], &sdyx[0], &dy[0], &x[0], &mean[0], rows, c)
		return
	}
	clear(sdy[:c])
	clear(sdyx[:c])
	for i := range rows {
		g := dy[i*c : i*c+c]
		for j, v := range x[i*c : i*c+c] {
			sdy[j] += g[j]
			sdyx[j] += g[j] * (v - mean[j])
		}
	}
}

// rowMulAdd: dst[i*c+j] = x[i*c+j]*a[j] + b[j].
func rowMulAdd(dst, x, a, b []float32, rows, c int) {
	if useAVX2 && c%8 == 0 && rows > 0 {
		avxRowMulAdd(&dst[0], &x[0], &a[0], &b[0], rows, c)
		return
	}
	for i := range rows {
		d := dst[i*c : i*c+c]
		for j, v := range x[i*c : i*c+c] {
			d[j] = v*a[j] + b[j]
		}
	}
}

// rowMulAdd2: dst[i*c+j] = x[i*c+j]*a[j] + z[i*c+j]*b[j] + d[j].
func rowMulAdd2(dst, x, z, a, b, d []float32, rows, c int) {
	if useAVX2 && c%8 == 0 && rows > 0 {
		avxRowMulAdd2(&dst[0], &x[0], &z[0], &a[0], &b[0], &d[0], rows, c)
		return
	}
	for i := range rows {
		o, w := dst[i*c:i*c+c], z[i*c:i*c+c]
		for j, v := range x[i*c : i*c+c] {
			o[j] = v*a[j] + w[j]*b[j] + d[j]
		}
	}
}
