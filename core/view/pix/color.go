package pix

// luma is PIL's conversion to L.
func luma(r, g, b uint8) uint8 {
	return uint8((uint32(r)*19595 + uint32(g)*38470 + uint32(b)*7471 + 0x8000) >> 16)
}

// Grayscale writes the luma to every channel of p.
func Grayscale(p []uint8, c int) {
	if c != 3 {
		return
	}
	for i := 0; i+2 < len(p); i += 3 {
		l := luma(p[i], p[i+1], p[i+2])
		p[i], p[i+1], p[i+2] = l, l, l
	}
}

// blend is PIL's Image.blend of a toward b by f: truncated, and clipped for f above 1.
func blend(a, b uint8, f float32) uint8 {
	v := float32(a) + float32(f*(float32(b)-float32(a)))
	return uint8(max(0, min(255, int32(v))))
}

// Recolor appends to dst the pixels of src, which has 1 or 3 channels, with 3 or
// 1: grey repeated, colour made luma (PIL's convert).
func Recolor(dst, src []uint8, c int) []uint8 {
	if c == 3 {
		for _, v := range src {
			dst = append(dst, v, v, v)
		}
		return dst
	}
	for ; len(src) >= 3; src = src[3:] {
		dst = append(dst, luma(src[0], src[1], src[2]))
	}
	return dst
}

// Brightness blends from black (ImageEnhance.Brightness).
func Brightness(p []uint8, f float32) {
	var table [256]uint8
	for i := range table {
		table[i] = blend(0, uint8(i), f)
	}
	for i, v := range p {
		p[i] = table[v]
	}
}

// Contrast blends from the rounded mean luma (ImageEnhance.Contrast).
func Contrast(p []uint8, c int, f float32) {
	var sum, n uint64
	for i := 0; i+c <= len(p); i += c {
		if c == 3 {
			sum += uint64(luma(p[i], p[i+1], p[i+2]))
		} else {
			sum += uint64(p[i])
		}
		n++
	}
	mean := uint8(float64(sum)/float64(n) + 0.5)
	var table [256]uint8
	for i := range table {
		table[i] = blend(mean, uint8(i), f)
	}
	for i, v := range p {
		p[i] = table[v]
	}
}

// Saturation blends from the luma (ImageEnhance.Color); grey pictures stay.
func Saturation(p []uint8, c int, f float32) {
	if c != 3 {
		return
	}
	for i := 0; i+2 < len(p); i += 3 {
		l := luma(p[i], p[i+1], p[i+2])
		p[i], p[i+1], p[i+2] = blend(l, p[i], f), blend(l, p[i+1], f), blend(l, p[i+2], f)
	}
}

// Hue turns the hue by f of the circle, in 8-bit HSV as PIL's mode HSV has it; grey pictures stay.
func Hue(p []uint8, c int, f float64) {
	if c != 3 {
		return
	}
	shift := uint8(int(f * 255))
	for i := 0; i+2 < len(p); i += 3 {
		h, s, v := rgbToHSV(p[i], p[i+1], p[i+2])
		p[i], p[i+1], p[i+2] = hsvToRGB(h+shift, s, v)
	}
}

// rgbToHSV is PIL's conversion, in its C types: float where C stores a float, double where C computes one.
func rgbToHSV(r, g, b uint8) (h, s, v uint8) {
	top, low := max(r, g, b), min(r, g, b)
	if top == low {
		return 0, 0, top
	}
	cr := float32(top - low)
	rc, gc, bc := float32(top-r)/cr, float32(top-g)/cr, float32(top-b)/cr
	var x float32
	switch top {
	case r:
		x = bc - gc
	case g:
		x = float32(2 + float64(rc) - float64(bc))
	default:
		x = float32(4 + float64(gc) - float64(rc))
	}
	y := float64(x)/6 + 1 // in [5/6, 2): its remainder by 1 needs no fmod
	if y >= 1 {
		y--
	}
	return uint8(float64(float32(y)) * 255), uint8(float64(cr/float32(top)) * 255), top
}

// hsvToRGB is PIL's conversion, in its C types.
func hsvToRGB(h, s, v uint8) (r, g, b uint8) {
	if s == 0 {
		return v, v, v
	}
	x := float64(h) * 6 / 255
	i := int(x)
	f, fs, fv := float32(x-float64(i)), float32(float64(s)/255), float64(v)
	lo := level(fv * (1 - float64(fs)))
	q := level(fv * (1 - float64(fs*f)))
	t := level(fv * (1 - float64(float64(fs)*(1-float64(f)))))
	switch i % 6 {
	case 0:
		return v, t, lo
	case 1:
		return q, v, lo
	case 2:
		return lo, v, t
	case 3:
		return lo, q, v
	case 4:
		return t, lo, v
	}
	return v, lo, q
}

// level rounds x in [0,255] half up.
func level(x float64) uint8 { return uint8(x + 0.5) }

// Solarize inverts what is at or above threshold.
func Solarize(p []uint8, threshold int) {
	for i, v := range p {
		if int(v) >= threshold {
			p[i] = 255 - v
		}
	}
}

// Posterize keeps the upper bits.
func Posterize(p []uint8, bits int) {
	keep := uint8(0xff << (8 - max(0, min(8, bits))))
	for i, v := range p {
		p[i] = v & keep
	}
}

// Equalize is PIL's ImageOps.equalize on each channel.
func Equalize(p []uint8, c int) {
	for ch := range c {
		var hist [256]int
		for i := ch; i < len(p); i += c {
			hist[p[i]]++
		}
		total, last, used := 0, 0, 0
		for _, n := range hist {
			if n > 0 {
				total, last, used = total+n, n, used+1
			}
		}
		step := (total - last) / 255
		if used <= 1 || step == 0 {
			continue
		}
		var table [256]uint8
		n := step / 2
		for i := range table {
			table[i] = uint8(min(255, n/step))
			n += hist[i]
		}
		for i := ch; i < len(p); i += c {
			p[i] = table[p[i]]
		}
	}
}
