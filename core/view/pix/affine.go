package pix

import "math"

// Rotate turns src (h x w) by angle degrees counter-clockwise about its middle
// (PIL's Image.rotate without expand).
func Rotate(dst, src []uint8, h, w, c int, angle float64, f Filter, fill uint8) {
	angle = math.Mod(angle, 360)
	if angle < 0 {
		angle += 360
	}
	switch {
	case angle == 0:
		copy(dst, src)
		return
	case angle == 180:
		for y := range h {
			FlipHorizontal(dst[(h-1-y)*w*c:][:w*c], src[y*w*c:][:w*c], 1, w, c)
		}
		return
	case h == w && (angle == 90 || angle == 270):
		Rotate90(dst, src, w, c, int(angle)/90)
		return
	}
	a := -angle * math.Pi / 180
	sin, cos := round15(math.Sin(a)), round15(math.Cos(a))
	cx, cy := float64(w)/2, float64(h)/2
	m := [6]float64{cos, sin, float64(cos*-cx) + float64(sin*-cy) + cx, -sin, cos, float64(-sin*-cx) + float64(cos*-cy) + cy}
	warp(dst, src, h, w, c, m, f, fill)
}

// round15 rounds to 15 decimals, as PIL does so that right angles are exact.
func round15(x float64) float64 { return math.RoundToEven(x*1e15) / 1e15 }

// Affine is torchvision's affine: clockwise by Angle and sheared, in degrees,
// scaled, all about the centre, then moved, in pixels.
type Affine struct {
	Angle, TX, TY, Scale, ShearX, ShearY float64
	CX, CY                               float64
}

// Apply draws src (h x w) so transformed.
func (t Affine) Apply(dst, src []uint8, h, w, c int, f Filter, fill uint8) {
	warp(dst, src, h, w, c, t.inverse(), f, fill)
}

// inverse maps places of the result to places of the source (x', y' of x, y).
func (t Affine) inverse() (m [6]float64) {
	const degree = math.Pi / 180
	rot, sx, sy := t.Angle*degree, t.ShearX*degree, t.ShearY*degree
	a := math.Cos(rot-sy) / math.Cos(sy)
	b := -(float64(a*math.Tan(sx)) + math.Sin(rot))
	c := math.Sin(rot-sy) / math.Cos(sy)
	d := math.Cos(rot) - float64(c*math.Tan(sx))
	m = [6]float64{d / t.Scale, -b / t.Scale, 0, -c / t.Scale, a / t.Scale, 0}
	x, y := t.CX+t.TX, t.CY+t.TY
	m[2] = t.CX - float64(m[0]*x) - float64(m[1]*y)
	m[5] = t.CY - float64(m[3]*x) - float64(m[4]*y)
	return m
}

// warp draws each pixel of dst from where m puts its middle in src; fill where
// that is outside (PIL's transform). Nearest neighbours are found in PIL's fixed
// point, or without rotation by adding steps up: its rounding is part of the answer.
func warp(dst, src []uint8, h, w, c int, m [6]float64, f Filter, fill uint8) {
	switch {
	case f == Nearest && m[1] == 0 && m[3] == 0:
		stretch(dst, src, h, w, c, m, fill)
	case f == Nearest && small(m, h, w):
		fixed(dst, src, h, w, c, m, fill)
	default:
		for y := range h {
			for x := range w {
				px, py := float64(x)+0.5, float64(y)+0.5
				sx := float64(m[0]*px) + float64(m[1]*py) + m[2]
				sy := float64(m[3]*px) + float64(m[4]*py) + m[5]
				out := dst[(y*w+x)*c:][:c]
				if !(sx >= 0 && sx < float64(w) && sy >= 0 && sy < float64(h)) {
					paint(out, fill)
					continue
				}
				switch f {
				case Nearest:
					copy(out, src[(int(sy)*w+int(sx))*c:])
				case Bilinear:
					between(out, src, h, w, c, sx-0.5, sy-0.5)
				default:
					among(out, src, h, w, c, sx-0.5, sy-0.5)
				}
			}
		}
	}
}

func paint(out []uint8, fill uint8) {
	for i := range out {
		out[i] = fill
	}
}

// stretch is PIL's ImagingScaleAffine.
func stretch(dst, src []uint8, h, w, c int, m [6]float64, fill uint8) {
	columns := make([]int, w)
	for x, at := 0, m[2]+float64(m[0]*0.5); x < w; x, at = x+1, at+m[0] {
		columns[x] = place(at, w)
	}
	for y, at := 0, m[5]+float64(m[4]*0.5); y < h; y, at = y+1, at+m[4] {
		row := place(at, h)
		for x, column := range columns {
			out := dst[(y*w+x)*c:][:c]
			if row < 0 || column < 0 {
				paint(out, fill)
			} else {
				copy(out, src[(row*w+column)*c:])
			}
		}
	}
}

// place is the pixel of n that x lies in, -1 for none.
func place(x float64, n int) int {
	if !(x >= 0 && x < float64(n)) {
		return -1
	}
	return int(x)
}

// small says whether PIL takes fixed point: all corners within 16 bits.
func small(m [6]float64, h, w int) bool {
	for _, x := range []float64{0, float64(w)} {
		for _, y := range []float64{0, float64(h)} {
			if !(math.Abs(float64(x*m[0])+float64(y*m[1])+m[2]) < 32768 && math.Abs(float64(x*m[3])+float64(y*m[4])+m[5]) < 32768) {
				return false
			}
		}
	}
	return true
}

// fixed is PIL's affine_fixed, in 16.16.
func fixed(dst, src []uint8, h, w, c int, m [6]float64, fill uint8) {
	fix := func(x float64) int32 { return int32(math.Floor(float64(x*65536) + 0.5)) }
	a0, a1, a3, a4 := fix(m[0]), fix(m[1]), fix(m[3]), fix(m[4])
	a2 := fix(m[2] + float64(m[0]*0.5) + float64(m[1]*0.5))
	a5 := fix(m[5] + float64(m[3]*0.5) + float64(m[4]*0.5))
	for y := range h {
		xx, yy := a2, a5
		for x := range w {
			out, sx, sy := dst[(y*w+x)*c:][:c], int(xx>>16), int(yy>>16)
			if sx >= 0 && sx < w && sy >= 0 && sy < h {
				copy(out, src[(sy*w+sx)*c:])
			} else {
				paint(out, fill)
			}
			xx, yy = xx+a0, yy+a3
		}
		a2, a5 = a2+a1, a5+a4
	}
}

// between is PIL's bilinear_filter: at the edges the nearest pixel counts twice.
func between(out, src []uint8, h, w, c int, x, y float64) {
	fx, fy := math.Floor(x), math.Floor(y)
	dx, dy := x-fx, y-fy
	x0, x1 := clip(int(fx), w)*c, clip(int(fx)+1, w)*c
	upper := src[clip(int(fy), h)*w*c:]
	lower := upper
	if n := int(fy) + 1; n < h {
		lower = src[n*w*c:]
	}
	for ch := range out {
		a := mix(upper[x0+ch], upper[x1+ch], dx)
		b := mix(lower[x0+ch], lower[x1+ch], dx)
		out[ch] = uint8(a + float64((b-a)*dy))
	}
}

func mix(a, b uint8, d float64) float64 {
	return float64(a) + float64((float64(b)-float64(a))*d)
}

// among is PIL's bicubic_filter: rows below the last are the one above them.
func among(out, src []uint8, h, w, c int, x, y float64) {
	fx, fy := math.Floor(x), math.Floor(y)
	dx, dy := x-fx, y-fy
	left, top := int(fx)-1, int(fy)-1
	for ch := range out {
		var v [4]float64
		for i := range v {
			row := top + i
			if i > 0 && (row < 0 || row >= h) {
				v[i] = v[i-1]
				continue
			}
			line := src[clip(row, h)*w*c+ch:]
			var p [4]float64
			for j := range p {
				p[j] = float64(line[clip(left+j, w)*c])
			}
			v[i] = spline(p, dx)
		}
		out[ch] = uint8(max(0, min(255, spline(v, dy))))
	}
}

// spline is PIL's BICUBIC (a = -1).
func spline(v [4]float64, d float64) float64 {
	p2, p3, p4 := -v[0]+v[2], float64(2*(v[0]-v[1]))+v[2]-v[3], -v[0]+v[1]-v[2]+v[3]
	return v[1] + float64(d*(p2+float64(d*(p3+float64(d*p4)))))
}

func clip(i, n int) int { return max(0, min(n-1, i)) }
