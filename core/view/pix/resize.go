// Package pix owns the operations on 8-bit pictures under the view engine, with
// PIL's arithmetic where PIL has the operation. Pictures are interleaved rows
// of C channels. Start from [CropResize].
package pix

import "math"

// Filter is how a resize weighs source pixels.
type Filter int

const (
	Bilinear Filter = iota
	Bicubic
	Nearest
)

// precision of PIL's 8-bit resampling: weights are integers of this many bits.
const precision = 32 - 8 - 2

// Scratch is memory reused between calls by one worker.
type Scratch struct {
	rows   []uint8
	tables map[tableKey]*table
}

type tableKey struct {
	in, out int
	f       Filter
}

// table is, for each output position, the first source position and its weights.
type table struct {
	first   []int
	weights [][]int32
}

// CropResize resizes rectangle (y, x, h, w) of src, rows of width sw and c
// channels, to dst (dh x dw): PIL's antialiased two-pass resize of the crop, horizontally first.
func CropResize(dst []uint8, dh, dw int, src []uint8, sw, c, y, x, h, w int, f Filter, s *Scratch) {
	if f == Nearest {
		for i := range dh {
			sy := y + int((float64(i)+0.5)*float64(h)/float64(dh))
			for j := range dw {
				sx := x + int((float64(j)+0.5)*float64(w)/float64(dw))
				copy(dst[(i*dw+j)*c:][:c], src[(sy*sw+sx)*c:][:c])
			}
		}
		return
	}
	if h == dh && w == dw {
		for i := range dh {
			copy(dst[i*dw*c:(i+1)*dw*c], src[((y+i)*sw+x)*c:])
		}
		return
	}
	tx, ty := s.table(w, dw, f), s.table(h, dh, f)
	if n := h * dw * c; cap(s.rows) < n {
		s.rows = make([]uint8, n)
	}
	rows := s.rows[:h*dw*c]
	for i := range h {
		line, out := src[((y+i)*sw+x)*c:], rows[i*dw*c:]
		for j := range dw {
			weights, from := tx.weights[j], line[tx.first[j]*c:]
			for ch := range c {
				acc := int32(1 << (precision - 1))
				for k, wt := range weights {
					acc += wt * int32(from[k*c+ch])
				}
				out[j*c+ch] = clip8(acc)
			}
		}
	}
	stride := dw * c
	for i := range dh {
		weights, base := ty.weights[i], ty.first[i]*stride
		for j := range stride {
			acc := int32(1 << (precision - 1))
			for k, wt := range weights {
				acc += wt * int32(rows[base+k*stride+j])
			}
			dst[i*stride+j] = clip8(acc)
		}
	}
}

func clip8(acc int32) uint8 { return uint8(max(0, min(255, acc>>precision))) }

func (s *Scratch) table(in, out int, f Filter) *table {
	k := tableKey{in, out, f}
	if t := s.tables[k]; t != nil {
		return t
	}
	if s.tables == nil || len(s.tables) > 512 {
		s.tables = map[tableKey]*table{}
	}
	t := weigh(in, out, f)
	s.tables[k] = t
	return t
}

// weigh is PIL's precompute_coeffs.
func weigh(in, out int, f Filter) *table {
	scale := float64(in) / float64(out)
	filterScale := math.Max(scale, 1)
	support := 1.0
	kernel := triangle
	if f == Bicubic {
		support, kernel = 2, cubic
	}
	support *= filterScale
	t := &table{}
	for i := range out {
		center := (float64(i) + 0.5) * scale
		lo := max(0, int(center-support+0.5))
		hi := min(in, int(center+support+0.5))
		w := make([]float64, hi-lo)
		sum := 0.0
		for k := range w {
			w[k] = kernel((float64(lo+k) - center + 0.5) / filterScale)
			sum += w[k]
		}
		fixed := make([]int32, len(w))
		for k := range w {
			v := w[k] / sum * (1 << precision)
			fixed[k] = int32(v + math.Copysign(0.5, v))
		}
		t.first, t.weights = append(t.first, lo), append(t.weights, fixed)
	}
	return t
}

func triangle(x float64) float64 { return math.Max(0, 1-math.Abs(x)) }

func cubic(x float64) float64 {
	const a = -0.5
	switch x = math.Abs(x); {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * a
	}
	return 0
}
