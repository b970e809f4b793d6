//go:build !amd64 || noasm

package pix

// Without assembly isa.AVX2 is false, and none of these is reached.

func avx2Blend(p *uint8, a, f float32, n int)                           { panic("pix: no assembly") }
func avx2LumaSum(p *uint8, n int) uint32                                { panic("pix: no assembly") }
func avx2Gray(p *uint8, n int)                                          { panic("pix: no assembly") }
func avx2Saturate(p *uint8, f float32, n int)                           { panic("pix: no assembly") }
func avx2Hue(p *uint8, shift uint32, n int)                             { panic("pix: no assembly") }
func avx2Mirror(dst, src *uint8, n int)                                 { panic("pix: no assembly") }
func avx2JFIF(dst, y, cb, cr *uint8, n int)                             { panic("pix: no assembly") }
func avx2Normalize(dst *float32, src *uint8, mean, std *float32, n int) { panic("pix: no assembly") }
func avx2Columns(dst, src *uint8, stride int, weights *int32, taps, n int) {
	panic("pix: no assembly")
}
func avx2Rows(dst, src *uint8, first *int, start, weights *int32, n int) {
	panic("pix: no assembly")
}
func avx2FourRows(dst, src *uint8, first *int, start, weights *int32, stride, to, n int) {
	panic("pix: no assembly")
}
func avx2Box0(dst, a, b, c *uint8, whole, far uint32, n int) { panic("pix: no assembly") }
func avx2Box1(dst, a, b0, b, b1, c *uint8, whole, far uint32, n int) {
	panic("pix: no assembly")
}
