package pix

import "math"

// FlipHorizontal mirrors src into dst left to right.
func FlipHorizontal(dst, src []uint8, h, w, c int) {
	for y := range h {
		for x := range w {
			copy(dst[(y*w+x)*c:][:c], src[(y*w+w-1-x)*c:][:c])
		}
	}
}

// FlipVertical mirrors src into dst top to bottom.
func FlipVertical(dst, src []uint8, h, w, c int) {
	for y := range h {
		copy(dst[y*w*c:(y+1)*w*c], src[(h-1-y)*w*c:])
	}
}

// Rotate90 turns a square picture of side n by k quarter turns counter-clockwise (numpy.rot90).
func Rotate90(dst, src []uint8, n, c, k int) {
	for y := range n {
		for x := range n {
			sy, sx := y, x
			switch k & 3 {
			case 1:
				sy, sx = x, n-1-y
			case 2:
				sy, sx = n-1-y, n-1-x
			case 3:
				sy, sx = n-1-x, y
			}
			copy(dst[(y*n+x)*c:][:c], src[(sy*n+sx)*c:][:c])
		}
	}
}

// GaussianBlur is PIL's: three extended box blurs (Gwosdek et al. 2011) in each direction.
func GaussianBlur(p []uint8, h, w, c int, sigma float64, s *Scratch) {
	if sigma <= 0 {
		return
	}
	const passes = 3
	sigma2 := sigma * sigma / passes
	l := math.Floor((math.Sqrt(12*sigma2+1) - 1) / 2)
	a := (2*l + 1) * (l*(l+1) - 3*sigma2) / (6 * (sigma2 - (l+1)*(l+1)))
	radius := float32(l + a)
	n := max(h, w)
	if cap(s.rows) < 2*n {
		s.rows = make([]uint8, 2*n)
	}
	line, out := s.rows[:n], s.rows[n:2*n]
	for ch := range c {
		for y := range h {
			boxLine(p[y*w*c+ch:], line, out, w, c, radius, passes)
		}
		for x := range w {
			boxLine(p[x*c+ch:], line, out, h, w*c, radius, passes)
		}
	}
}

// boxLine blurs n elements of p, stride apart.
func boxLine(p, line, out []uint8, n, stride int, radius float32, passes int) {
	r := int(radius)
	ww := uint32(float32(1<<24) / (radius*2 + 1))
	fw := (1<<24 - (uint32(r)*2+1)*ww) / 2
	for i := range n {
		line[i] = p[i*stride]
	}
	at := func(i int) uint32 { return uint32(line[max(0, min(n-1, i))]) }
	for range passes {
		acc := uint32(0)
		for i := -r; i <= r; i++ {
			acc += at(i)
		}
		for i := range n {
			out[i] = uint8((acc*ww + (at(i-r-1)+at(i+r+1))*fw + 1<<23) >> 24)
			acc += at(i+r+1) - at(i-r)
		}
		line, out = out, line
	}
	for i := range n {
		p[i*stride] = line[i]
	}
}
