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

// Window equals a look at every pixel of it.
func TestWindowEqualsItsTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		m := randomPlain(r, 1+r.IntN(12), 1+r.IntN(12), 1+2*r.IntN(2))
		h, w, y, x, fill := 1+r.IntN(15), 1+r.IntN(15), r.IntN(40)-20, r.IntN(40)-20, uint8(r.IntN(256))
		got, want := make([]uint8, h*w*m.c), newPlain(h, w, m.c)
		for i := range h {
			for j := range w {
				for ch := range m.c {
					*want.at(i, j, ch) = fill
					if y+i >= 0 && y+i < m.h && x+j >= 0 && x+j < m.w {
						*want.at(i, j, ch) = *m.at(y+i, x+j, ch)
					}
				}
			}
		}
		Window(got, h, w, m.p, m.h, m.w, m.c, y, x, fill)
		if !bytes.Equal(got, want.p) {
			t.Fatalf("%d x %d at %d, %d of %d x %d differs from its twin", h, w, y, x, m.h, m.w)
		}
	}
}

// slowWarp draws each pixel from its place in the source in float64: bilinear
// between clamped neighbours, nearest by the pixel it lies in.
func slowWarp(m plain, t [6]float64, f Filter, fill uint8) (out plain, doubtful []bool) {
	out, doubtful = newPlain(m.h, m.w, m.c), make([]bool, len(m.p))
	const near = 1e-3 // of an edge between pixels, where fixed point may choose the other
	for y := range m.h {
		for x := range m.w {
			sx := t[0]*(float64(x)+0.5) + t[1]*(float64(y)+0.5) + t[2]
			sy := t[3]*(float64(x)+0.5) + t[4]*(float64(y)+0.5) + t[5]
			inside := sx >= 0 && sy >= 0 && sx < float64(m.w) && sy < float64(m.h)
			for ch := range m.c {
				at := out.at(y, x, ch)
				i := (y*m.w+x)*m.c + ch
				edge := func(v float64) bool { return math.Abs(v-math.Round(v)) < near }
				doubtful[i] = edge(sx) || edge(sy)
				switch {
				case !inside:
					*at = fill
				case f == Nearest:
					*at = *m.at(int(sy), int(sx), ch)
				default:
					v := func(dy, dx int) float64 {
						return float64(*m.at(max(0, min(m.h-1, int(math.Floor(sy-0.5))+dy)), max(0, min(m.w-1, int(math.Floor(sx-0.5))+dx)), ch))
					}
					fy, fx := sy-0.5-math.Floor(sy-0.5), sx-0.5-math.Floor(sx-0.5)
					*at = uint8((v(0, 0)*(1-fx)+v(0, 1)*fx)*(1-fy) + (v(1, 0)*(1-fx)+v(1, 1)*fx)*fy)
				}
			}
		}
	}
	return out, doubtful
}

// A warp is its twin, bilinear within a level, nearest away from edges between pixels.
func TestWarpEqualsItsTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for i := range 300 {
		m := randomPlain(r, 1+r.IntN(20), 1+r.IntN(20), 1+2*r.IntN(2))
		a := Affine{Angle: r.Float64()*360 - 180, TX: r.Float64()*8 - 4, TY: r.Float64()*8 - 4, Scale: 0.5 + r.Float64(), ShearX: r.Float64()*40 - 20, ShearY: r.Float64()*40 - 20, CX: float64(m.w) / 2, CY: float64(m.h) / 2}
		if i%4 == 0 {
			a.Angle, a.ShearX, a.ShearY = 0, 0, 0
		}
		fill := uint8(r.IntN(256))
		for _, f := range []Filter{Nearest, Bilinear} {
			got := make([]uint8, len(m.p))
			a.Apply(got, m.p, m.h, m.w, m.c, f, fill)
			want, doubtful := slowWarp(m, a.inverse(), f, fill)
			for j, v := range got {
				if d := int(v) - int(want.p[j]); !doubtful[j] && (f == Nearest && d != 0 || d < -1 || d > 1) {
					t.Fatalf("%+v of %d x %d by filter %d: element %d is %d, its twin's %d", a, m.h, m.w, f, j, v, want.p[j])
				}
			}
		}
	}
}

// An affine map and its inverse leave places where they were.
func TestAffineIsInvertible(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 200 {
		a := Affine{Angle: r.Float64() * 360, TX: r.Float64(), TY: r.Float64(), Scale: 0.5 + r.Float64(), ShearX: r.Float64() * 60, ShearY: r.Float64() * 60, CX: 5, CY: 7}
		m := a.inverse()
		// det of rotation and shears is 1 (Affine's definition), so that of the inverse is 1/scale^2
		if det := m[0]*m[4] - m[1]*m[3]; math.Abs(det*a.Scale*a.Scale-1) > 1e-9 {
			t.Errorf("%+v: determinant %v", a, det)
		}
		// the centre, moved, comes from the centre
		x, y := a.CX+a.TX, a.CY+a.TY
		if dx, dy := m[0]*x+m[1]*y+m[2]-a.CX, m[3]*x+m[4]*y+m[5]-a.CY; math.Hypot(dx, dy) > 1e-9 {
			t.Errorf("%+v: the centre comes from %v, %v", a, dx, dy)
		}
	}
}

// Known colours: CIE Lab of the primaries, of white and of black under D65.
func TestLabOfKnownColours(t *testing.T) {
	for _, c := range []struct {
		rgb  [3]uint8
		want [3]float32
	}{
		{[3]uint8{255, 0, 0}, [3]float32{53.2406, 80.0923, 67.2028}}, {[3]uint8{0, 255, 0}, [3]float32{87.7351, -86.1813, 83.1775}},
		{[3]uint8{0, 0, 255}, [3]float32{32.2957, 79.1856, -107.8573}}, {[3]uint8{255, 255, 255}, [3]float32{100, 0, 0}}, {[3]uint8{}, [3]float32{}},
	} {
		var got [3]float32
		Lab(got[:], c.rgb[:])
		for i := range got {
			if d := got[i] - c.want[i]; d > 0.01 || d < -0.01 {
				t.Errorf("%v is %v, want %v", c.rgb, got, c.want)
			}
		}
	}
}

// Sharpness, AutoContrast and levels equal looks at every pixel with PIL's formulas.
func TestLevelsEqualTheirTwins(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	var s Scratch
	for range 200 {
		m := randomPlain(r, 1+r.IntN(12), 1+r.IntN(12), 1+2*r.IntN(2))
		f := float32(r.Float64() * 2)
		sharp, stretched := newPlain(m.h, m.w, m.c), newPlain(m.h, m.w, m.c)
		for ch := range m.c {
			low, high := 255, 0
			for y := range m.h {
				for x := range m.w {
					low, high = min(low, int(*m.at(y, x, ch))), max(high, int(*m.at(y, x, ch)))
				}
			}
			for y := range m.h {
				for x := range m.w {
					v := *m.at(y, x, ch)
					smooth := v
					if y > 0 && x > 0 && y < m.h-1 && x < m.w-1 {
						sum := 4 * int(v) // with the one below it weighs five
						for dy := -1; dy <= 1; dy++ {
							for dx := -1; dx <= 1; dx++ {
								sum += int(*m.at(y+dy, x+dx, ch))
							}
						}
						smooth = uint8((2*sum + 13) / 26) // rounded half up
					}
					*sharp.at(y, x, ch) = blend(smooth, v, f)
					*stretched.at(y, x, ch) = v
					if high > low {
						*stretched.at(y, x, ch) = uint8(max(0, min(255, float64(v)*(255/float64(high-low))-float64(low)*(255/float64(high-low)))))
					}
				}
			}
		}
		got := bytes.Clone(m.p)
		Sharpness(got, m.h, m.w, m.c, f, &s)
		if !bytes.Equal(got, sharp.p) {
			t.Fatalf("%d x %d x %d sharpened by %v differs from its twin", m.h, m.w, m.c, f)
		}
		got = bytes.Clone(m.p)
		AutoContrast(got, m.c)
		if !bytes.Equal(got, stretched.p) {
			t.Fatalf("%d x %d x %d stretched differs from its twin", m.h, m.w, m.c)
		}
	}
}
