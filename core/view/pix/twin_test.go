package pix

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// plain is a picture without tricks.
type plain struct {
	h, w, c int
	p       []uint8
}

func newPlain(h, w, c int) plain { return plain{h, w, c, make([]uint8, h*w*c)} }

func (m plain) at(y, x, ch int) *uint8 { return &m.p[(y*m.w+x)*m.c+ch] }

func (m plain) turned() plain {
	t := newPlain(m.w, m.h, m.c)
	for y := range m.h {
		for x := range m.w {
			for ch := range m.c {
				*t.at(x, y, ch) = *m.at(y, x, ch)
			}
		}
	}
	return t
}

func randomPlain(r *rand.Rand, h, w, c int) plain {
	m := newPlain(h, w, c)
	for i := range m.p {
		if m.p[i] = uint8(r.IntN(256)); r.IntN(3) == 0 {
			m.p[i] = uint8(r.IntN(2) * 255)
		}
	}
	return m
}

// slowRows resizes to width dw: every output is a sum over all of its row.
func slowRows(m plain, dw int, f Filter) plain {
	if dw == m.w {
		return m
	}
	out := newPlain(m.h, dw, m.c)
	scale := float64(m.w) / float64(dw)
	radius, kernel := 1.0, triangle
	if f == Bicubic {
		radius, kernel = 2, cubic
	}
	wide := math.Max(1, scale)
	for x := range dw {
		center := (float64(x) + 0.5) * scale
		weight := func(k int) float64 {
			if k < int(math.Max(0, center-radius*wide+0.5)) || k >= int(center+radius*wide+0.5) {
				return 0
			}
			return kernel((float64(k) - center + 0.5) * (1 / wide))
		}
		sum := 0.0
		for k := range m.w {
			sum += weight(k)
		}
		for y := range m.h {
			for ch := range m.c {
				acc := 1 << (precision - 1)
				for k := range m.w {
					acc += int(math.Round(weight(k)/sum*(1<<precision))) * int(*m.at(y, k, ch))
				}
				*out.at(y, x, ch) = uint8(max(0, min(255, acc>>precision)))
			}
		}
	}
	return out
}

// CropResize equals two slow passes over the crop, in Pillow's order.
func TestResizeEqualsItsTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var s Scratch
	for range 300 {
		c := 1 + 2*r.IntN(2)
		m := randomPlain(r, 1+r.IntN(40), 1+r.IntN(40), c)
		h, w := 1+r.IntN(m.h), 1+r.IntN(m.w)
		y, x := r.IntN(m.h-h+1), r.IntN(m.w-w+1)
		dh, dw := 1+r.IntN(60), 1+r.IntN(60)
		f := Filter(r.IntN(2))
		crop := newPlain(h, w, c)
		for i := range h {
			for j := range w {
				for ch := range c {
					*crop.at(i, j, ch) = *m.at(y+i, x+j, ch)
				}
			}
		}
		var want plain
		if dh < h && h-dh > 2*(w-dw) {
			want = slowRows(slowRows(crop.turned(), dh, f).turned(), dw, f)
		} else {
			want = slowRows(slowRows(crop, dw, f).turned(), dh, f).turned()
		}
		got := make([]uint8, dh*dw*c)
		CropResize(got, dh, dw, m.p, m.w, c, y, x, h, w, f, &s)
		if !bytes.Equal(got, want.p) {
			t.Fatalf("%d x %d x %d at %d, %d to %d x %d by filter %d differs from its twin", h, w, c, y, x, dh, dw, f)
		}
	}
}

// slowBox blurs rows by a box, every output from its own sum.
func slowBox(m plain, b box) plain {
	out := newPlain(m.h, m.w, m.c)
	for y := range m.h {
		for x := range m.w {
			for ch := range m.c {
				at := func(k int) uint32 { return uint32(*m.at(y, max(0, min(m.w-1, k)), ch)) }
				sum := (at(x-b.r-1) + at(x+b.r+1)) * b.far
				for k := x - b.r; k <= x+b.r; k++ {
					sum += at(k) * b.whole
				}
				*out.at(y, x, ch) = uint8((sum + 1<<23) >> 24)
			}
		}
	}
	return out
}

// GaussianBlur equals three slow boxes along rows and three along columns,
// radii beyond the picture included.
func TestBlurEqualsItsTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var s Scratch
	for i := range 150 {
		m := randomPlain(r, 1+r.IntN(30), 1+r.IntN(30), 1+2*r.IntN(2))
		sigma := float32(r.ExpFloat64() * 2)
		if i%10 == 0 {
			sigma *= 40
		}
		want, b := m, newBox(boxRadius(sigma))
		for range passes {
			want = slowBox(want, b)
		}
		want = want.turned()
		for range passes {
			want = slowBox(want, b)
		}
		want = want.turned()
		GaussianBlur(m.p, m.h, m.w, m.c, sigma, &s)
		if !bytes.Equal(m.p, want.p) {
			t.Fatalf("%d x %d x %d by sigma %v differs from its twin", m.h, m.w, m.c, sigma)
		}
	}
}

// A kernel whose standard deviation is asked for has it: the variance of a
// blurred point, within what 8 bits leave of it.
func TestBlurHasItsStandardDeviation(t *testing.T) {
	const n = 101
	for _, sigma := range []float32{1, 2, 4} {
		var s Scratch
		p := make([]uint8, n*n) // a bright column: only the rows blur it
		for y := range n {
			p[y*n+n/2] = 255
		}
		GaussianBlur(p, n, n, 1, sigma, &s)
		var mass, second float64
		for x := range n {
			v := float64(p[n/2*n+x])
			mass += v
			second += v * float64((x-n/2)*(x-n/2))
		}
		if got := math.Sqrt(second / mass); math.Abs(got/float64(sigma)-1) > 0.05 {
			t.Errorf("sigma %v gives a standard deviation of %.3f", sigma, got)
		}
	}
}
