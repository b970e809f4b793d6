package pix

import "math"

// passes of the box blur in each direction.
const passes = 3

// GaussianBlur is PIL's: extended box blurs (Gwosdek et al. 2011), along rows
// and then along columns. sigma is in pixels, finite; at 0 and below nothing happens.
func GaussianBlur(p []uint8, h, w, c int, sigma float32, s *Scratch) {
	if sigma <= 0 {
		return
	}
	b := newBox(boxRadius(sigma))
	pad := (b.r + 1) * c
	n := w*c + 2*pad
	lines := grow(&s.rows, 2*n)
	line, out := lines[:n], lines[n:]
	for y := range h {
		row := p[y*w*c:][:w*c]
		copy(line[pad:], row)
		for range passes {
			extend(line, pad, c)
			b.along(out, line, pad, c)
			line, out = out, line
		}
		copy(row, line[pad:])
	}
	from, to := p, grow(&s.pass, len(p))
	sums := grow(&s.sums, w*c)
	for range passes {
		b.down(to, from, sums, h)
		from, to = to, from
	}
	copy(p, from)
}

// boxRadius is PIL's _gaussian_blur_radius, in its C types.
func boxRadius(sigma float32) float32 {
	sigma2 := float32(sigma*sigma) / passes
	length := float32(math.Sqrt(float64(12*float64(sigma2)) + 1))
	l := float32(math.Floor((float64(length) - 1) / 2))
	a := float32(2*l+1) * float32(float32(l*(l+1))-float32(3*sigma2))
	a /= 6 * (sigma2 - float32((l+1)*(l+1)))
	return l + a
}

// box is the weights of a box blur: whole for the 2r+1 elements around, far
// for the next on either side, in 24 bits.
type box struct {
	r          int
	whole, far uint32
}

func newBox(radius float32) box {
	r := int(radius)
	whole := uint32(float32(1<<24) / (float32(radius*2) + 1))
	return box{r, whole, (1<<24 - (uint32(r)*2+1)*whole) / 2}
}

// extend repeats the first and the last pixel of the line into its margins.
func extend(line []uint8, pad, c int) {
	for i := pad - 1; i >= 0; i-- {
		line[i] = line[i+c]
	}
	for i := len(line) - pad; i < len(line); i++ {
		line[i] = line[i-c]
	}
}

// along blurs a line of c channels with margins of r+1 pixels.
func (b box) along(out, line []uint8, pad, c int) {
	n := len(line) - 2*pad
	out = out[pad:][:n]
	if b.direct(out, func(k int) []uint8 { return line[pad+k*c:] }) {
		return
	}
	first, last, next := line[:n], line[c:][:n], line[2*pad:][:n] // elements i-r-1, i-r and i+r+1
	for ch := range c {
		acc := uint32(0)
		for i := pad + ch - b.r*c; i <= pad+ch+b.r*c; i += c {
			acc += uint32(line[i])
		}
		for i := ch; i < len(out); i += c {
			far := uint32(next[i])
			out[i] = uint8((acc*b.whole + (uint32(first[i])+far)*b.far + 1<<23) >> 24)
			acc += far - uint32(last[i])
		}
	}
}

// down blurs h rows along columns; a row beyond the picture is its nearest.
func (b box) down(out, in []uint8, sums []uint32, h int) {
	width := len(sums)
	row := func(y int) []uint8 { return in[max(0, min(h-1, y))*width:][:width] }
	if b.r <= 1 && whole(width, 16) > 0 {
		for y := range h {
			b.direct(out[y*width:][:width], func(k int) []uint8 { return row(y + k) })
		}
		return
	}
	for j, v := range row(0) {
		sums[j] = uint32(v) * uint32(b.r+1)
	}
	for y := 1; y <= min(b.r, h-1); y++ {
		for j, v := range row(y) {
			sums[j] += uint32(v)
		}
	}
	if more := b.r - (h - 1); more > 0 {
		for j, v := range row(h - 1) {
			sums[j] += uint32(v) * uint32(more)
		}
	}
	for y := range h {
		first, last, next, to := row(y-b.r-1), row(y-b.r), row(y+b.r+1), out[y*width:][:width]
		for j, acc := range sums {
			far := uint32(next[j])
			to[j] = uint8((acc*b.whole + (uint32(first[j])+far)*b.far + 1<<23) >> 24)
			sums[j] = acc + far - uint32(last[j])
		}
	}
}

// direct blurs without sums that run on, where assembly can: at(k) is the elements
// k places before or behind those of out.
func (b box) direct(out []uint8, at func(k int) []uint8) bool {
	n := whole(len(out), 16)
	if b.r > 1 || n == 0 {
		return false
	}
	for i := 0; ; i, n = len(out)-16, 16 { // the last sixteen once more
		first, middle, last := at(-b.r - 1)[i:][:n], at(0)[i:][:n], at(b.r + 1)[i:][:n]
		if b.r == 0 {
			avx2Box0(&out[i], &first[0], &middle[0], &last[0], b.whole, b.far, n)
		} else {
			before, after := at(-1)[i:][:n], at(1)[i:][:n]
			avx2Box1(&out[i], &first[0], &before[0], &middle[0], &after[0], &last[0], b.whole, b.far, n)
		}
		if i+n == len(out) {
			return true
		}
	}
}
