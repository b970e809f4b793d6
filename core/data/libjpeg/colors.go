package libjpeg

import "github.com/fwlab/fw/core/view/pix"

// colors writes the image from the planes.
func (d *decoder) colors(out []uint8) {
	y := &d.list[0]
	for r := range d.h {
		row, luma := out[3*r*d.w:][:3*d.w], y.plane[r*y.stride:][:d.w]
		if len(d.list) == 1 {
			for i, v := range luma {
				row[3*i], row[3*i+1], row[3*i+2] = v, v, v
			}
			continue
		}
		pix.JFIF(row, luma, d.chroma(1, r), d.chroma(2, r))
	}
}

// chroma is row r of a component in the image's width.
func (d *decoder) chroma(i, r int) []uint8 {
	c := &d.list[i]
	if d.mcuw == 1 {
		return c.plane[r*c.stride:][:d.w]
	}
	near, far := r, r
	if d.mcuh == 2 {
		near = r / 2
		far = max(0, min(c.rows-1, near-1+r%2*2))
	}
	a, b := c.plane[near*c.stride:][:c.w], c.plane[far*c.stride:][:c.w]
	out := grow(&d.wide[i-1], 2*c.w)
	if c.w <= 2 { // as libjpeg: repeated
		for x, v := range a {
			out[2*x], out[2*x+1] = v, v
		}
		return out
	}
	sums := grow(&d.sums, c.w+2)
	weigh(sums[1:][:c.w], a, b)
	sums[0], sums[c.w+1] = sums[1], sums[c.w]
	even, odd := uint16(8), uint16(7)
	if d.mcuh == 1 {
		even, odd = 4, 8
	}
	widen(out, sums, even, odd)
	return out
}

// weigh: sums[i] = 3*near[i] + far[i].
func weigh(sums []uint16, near, far []uint8) {
	n := 0
	if useAVX2 {
		if n = len(sums) &^ 15; n > 0 {
			avx2Weigh(&sums[0], &near[:n][0], &far[:n][0], n)
		}
	}
	for i := n; i < len(sums); i++ {
		sums[i] = 3*uint16(near[i]) + uint16(far[i])
	}
}

// widen makes two samples of each sum, by the nearest two: those between
// sums[1] and the last but one. even and odd are what is added before a sixteenth is taken.
func widen(out []uint8, sums []uint16, even, odd uint16) {
	count, n := len(sums)-2, 0
	if useAVX2 {
		if n = count &^ 15; n > 0 {
			avx2Widen(&out[:2*n][0], &sums[1], even, odd, n)
		}
	}
	for i := n; i < count; i++ {
		three := 3 * sums[i+1]
		out[2*i], out[2*i+1] = uint8((three+sums[i]+even)>>4), uint8((three+sums[i+2]+odd)>>4)
	}
}
