package vec

import "math"

// The exact GELU (Hendrycks and Gimpel 2016), PyTorch's default, rounded as its
// operations one by one are. erf and exp have the errors of [Erf] and [Exp]; for
// x far below 0 the sum 1 + erf cancels as it does in PyTorch, so that the error
// there is relative to |x|, not to the result.
const (
	halfRoot  = 0.7071067811865476 // sqrt(1/2)
	twoByRoot = 1.1283791670955126 // 2/sqrt(pi)
)

// Gelu: dst[i] = x[i] * (erf(x[i]*sqrt(1/2)) + 1) * 0.5.
func Gelu(dst, x []float32) {
	n := len(dst)
	x = x[:n]
	if !useAVX2 {
		for i, v := range x {
			dst[i] = v * (erf32(v*halfRoot) + 1) * 0.5
		}
		return
	}
	m := whole(n)
	if m > 0 {
		avxGelu(&dst[0], &x[0], m)
	}
	if m < n {
		var t [8]float32
		copy(t[:], x[m:])
		avxGelu(&t[0], &t[0], 8)
		copy(dst[m:], t[:])
	}
}

// GeluGrad, with g = dy[i]*0.5 and u = x[i]*sqrt(1/2):
// dst[i] = g*(erf(u)+1) + g*x[i] * e^-(u*u) * 2/sqrt(pi) * sqrt(1/2).
func GeluGrad(dst, dy, x []float32) {
	n := len(dst)
	dy, x = dy[:n], x[:n]
	if !useAVX2 {
		for i, v := range x {
			g, u := dy[i]*0.5, v*halfRoot
			dst[i] = float32(g*(erf32(u)+1)) + float32(g*v*exp32(-(u*u))*twoByRoot*halfRoot)
		}
		return
	}
	m := whole(n)
	if m > 0 {
		avxGeluGrad(&dst[0], &dy[0], &x[0], m)
	}
	if m < n {
		var t, u [8]float32
		copy(t[:], dy[m:])
		copy(u[:], x[m:])
		avxGeluGrad(&t[0], &t[0], &u[0], 8)
		copy(dst[m:], t[:])
	}
}

func erf32(x float32) float32 { return float32(math.Erf(float64(x))) }
