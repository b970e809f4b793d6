// Package pix owns the operations on 8-bit pictures under the view engine, with
// Pillow 13's arithmetic, byte for byte, where Pillow has the operation.
// Pictures are interleaved rows of C channels, 1 or 3. Start from [CropResize].
package pix

// Scratch is memory reused between calls by one worker.
type Scratch struct {
	pass   []uint8
	rows   []uint8
	acc    []int32
	sums   []uint32
	tables map[tableKey]*table
}

// grow is b with n elements, whatever they hold.
func grow[T any](b *[]T, n int) []T {
	if cap(*b) < n {
		*b = make([]T, n)
	}
	return (*b)[:n]
}

// CropResize resizes rectangle (y, x, h, w) of src, rows of width sw and c
// channels, to dst (dh x dw), as Pillow does the crop: antialiased, in two
// passes with bytes between them, and a pass left out that would change nothing.
//
// Since 13 Pillow takes the vertical pass first where that removes more than
// twice as many rows as the other removes columns. For bilinear the order is
// worth a grey level at most, for bicubic a few; torchvision on tensors, and
// older Pillow, always take the horizontal pass first.
func CropResize(dst []uint8, dh, dw int, src []uint8, sw, c, y, x, h, w int, f Filter, s *Scratch) {
	src = src[(y*sw+x)*c:]
	switch {
	case f == Nearest:
		nearest(dst, dh, dw, src, sw, c, h, w)
	case h == dh && w == dw:
		for i := range dh {
			copy(dst[i*dw*c:(i+1)*dw*c], src[i*sw*c:])
		}
	case h == dh:
		resizeRows(dst, dw, src, sw, c, h, s.table(w, dw, f))
	case w == dw:
		resizeColumns(dst, dh, src, sw*c, w*c, s.table(h, dh, f), s)
	case dh < h && h-dh > 2*(w-dw):
		mid := grow(&s.pass, dh*w*c)
		resizeColumns(mid, dh, src, sw*c, w*c, s.table(h, dh, f), s)
		resizeRows(dst, dw, mid, w, c, dh, s.table(w, dw, f))
	default:
		mid := grow(&s.pass, h*dw*c)
		resizeRows(mid, dw, src, sw, c, h, s.table(w, dw, f))
		resizeColumns(dst, dh, mid, dw*c, dw*c, s.table(h, dh, f), s)
	}
}

// nearest adds the step up, as Pillow does: its rounding is part of the answer.
func nearest(dst []uint8, dh, dw int, src []uint8, sw, c, h, w int) {
	stepY, stepX := float64(h)/float64(dh), float64(w)/float64(dw)
	fy := stepY * 0.5
	for i := range dh {
		line, fx := src[min(h-1, int(fy))*sw*c:], stepX*0.5
		for j := range dw {
			copy(dst[(i*dw+j)*c:][:c], line[min(w-1, int(fx))*c:])
			fx += stepX
		}
		fy += stepY
	}
}

// half rounds a sum of weighted levels.
const half = 1 << (precision - 1)

// clip8 rounds a weighted sum to a level.
func clip8(acc int32) uint8 {
	v := acc >> precision
	if uint32(v) > 255 {
		v = ^v >> 31 & 255 // 0 below, 255 above
	}
	return uint8(v)
}

// resizeRows makes n rows of dw pixels from rows of src that start sw pixels apart.
func resizeRows(dst []uint8, dw int, src []uint8, sw, c, n int, t *table) {
	i := 0
	if c == 3 && useAVX2 {
		for ; i+4 < n; i += 4 { // all but the last: what is read behind a row is the next
			from, to := src[i*sw*3:][:4*sw*3], dst[i*dw*3:][:4*dw*3]
			avx2FourRows(&to[0], &from[0], &t.first[0], &t.start[0], &t.weights[0], sw*3, dw*3, dw)
		}
	}
	for ; i < n; i++ {
		line, out := src[i*sw*c:], dst[i*dw*c:][:dw*c]
		if c == 3 {
			done := 0
			if useAVX2 {
				done = t.within(len(line), len(dst)-i*dw*c)
			}
			if done > 0 {
				avx2Rows(&out[0], &line[0], &t.first[0], &t.start[0], &t.weights[0], done)
			}
			for j := done; j < dw; j++ {
				from, weights := line[t.first[j]*3:], t.of(j)
				from = from[:3*len(weights)]
				r, g, b := int32(half), int32(half), int32(half)
				for _, w := range weights {
					if len(from) < 3 {
						break // never: it spares the checks below
					}
					r += w * int32(from[0])
					g += w * int32(from[1])
					b += w * int32(from[2])
					from = from[3:]
				}
				out[3*j], out[3*j+1], out[3*j+2] = clip8(r), clip8(g), clip8(b)
			}
			continue
		}
		for j := range out {
			from, weights := line[t.first[j]:], t.of(j)
			from = from[:len(weights)]
			acc := int32(half)
			for k, w := range weights {
				acc += w * int32(from[k])
			}
			out[j] = clip8(acc)
		}
	}
}

// resizeColumns makes dh rows of width bytes from rows of src that start stride bytes apart.
func resizeColumns(dst []uint8, dh int, src []uint8, stride, width int, t *table, s *Scratch) {
	acc := grow(&s.acc, width)
	for i := range dh {
		weights, from := t.of(i), src[t.first[i]*stride:]
		out := dst[i*width:][:len(acc)]
		if n := whole(width, octet); n > 0 {
			from := from[:(len(weights)-1)*stride+width]
			avx2Columns(&out[0], &from[0], stride, &weights[0], len(weights), n)
			if n < width { // the last eight once more
				avx2Columns(&out[width-octet], &from[width-octet], stride, &weights[0], len(weights), octet)
			}
			continue
		}
		if len(weights) == 2 { // of most rows of a bilinear enlargement
			a, b := from[:len(acc)], from[stride:][:len(acc)]
			for j := range acc {
				out[j] = clip8(half + weights[0]*int32(a[j]) + weights[1]*int32(b[j]))
			}
			continue
		}
		for j := range acc {
			acc[j] = half
		}
		for len(weights) >= 3 {
			addThree(acc, from, from[stride:], from[2*stride:], weights[0], weights[1], weights[2])
			if weights = weights[3:]; len(weights) > 0 {
				from = from[3*stride:]
			}
		}
		for k, w := range weights {
			add(acc, from[k*stride:], w)
		}
		for j, v := range acc {
			out[j] = clip8(v)
		}
	}
}

// add and addThree take weighted rows in, in loops without bounds checks.
func add(acc []int32, a []uint8, w int32) {
	a = a[:len(acc)]
	for j := range acc {
		acc[j] += w * int32(a[j])
	}
}

func addThree(acc []int32, a, b, c []uint8, wa, wb, wc int32) {
	a, b, c = a[:len(acc)], b[:len(acc)], c[:len(acc)]
	for j := range acc {
		acc[j] += wa*int32(a[j]) + wb*int32(b[j]) + wc*int32(c[j])
	}
}
