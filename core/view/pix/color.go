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
	n := whole(len(p), octetBytes)
	if n > 0 {
		avx2Gray(&p[0], n/3)
	}
	for p = p[n:]; len(p) >= 3; p = p[3:] {
		l := luma(p[0], p[1], p[2])
		p[0], p[1], p[2] = l, l, l
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

// Brightness blends from black (ImageEnhance.Brightness). Factors are at most 1e6.
func Brightness(p []uint8, f float32) { blendAll(p, 0, f) }

// Contrast blends from the rounded mean luma (ImageEnhance.Contrast).
func Contrast(p []uint8, c int, f float32) {
	var sum uint64
	if c == 3 {
		sum = lumaSum(p)
	} else {
		for _, v := range p {
			sum += uint64(v)
		}
	}
	blendAll(p, uint8(float64(sum)/float64(len(p)/c)+0.5), f)
}

// blendAll blends everything of p from one level.
func blendAll(p []uint8, from uint8, f float32) {
	n := whole(len(p), 32)
	if n > 0 {
		avx2Blend(&p[0], float32(from), f, n)
	}
	if p = p[n:]; len(p) == 0 {
		return
	}
	var table [256]uint8
	for i := range table {
		table[i] = blend(from, uint8(i), f)
	}
	for i, v := range p {
		p[i] = table[v]
	}
}

// lumaSum is the sum of luma over colours, in parts that 32 bits hold.
func lumaSum(p []uint8) (sum uint64) {
	for n := whole(len(p), octetBytes); n > 0; n = whole(len(p), octetBytes) {
		n = min(n, 3<<20)
		sum += uint64(avx2LumaSum(&p[0], n/3))
		p = p[n:]
	}
	for ; len(p) >= 3; p = p[3:] {
		sum += uint64(luma(p[0], p[1], p[2]))
	}
	return sum
}

// Saturation blends from the luma (ImageEnhance.Color); grey pictures stay.
func Saturation(p []uint8, c int, f float32) {
	if c != 3 {
		return
	}
	n := whole(len(p), octetBytes)
	if n > 0 {
		avx2Saturate(&p[0], f, n/3)
	}
	for p = p[n:]; len(p) >= 3; p = p[3:] {
		l := luma(p[0], p[1], p[2])
		p[0], p[1], p[2] = blend(l, p[0], f), blend(l, p[1], f), blend(l, p[2], f)
	}
}

// Hue turns the hue by f of the circle, in 8-bit HSV as PIL's mode HSV has it; grey pictures stay.
func Hue(p []uint8, c int, f float64) {
	if c != 3 {
		return
	}
	shift := uint8(int(f * 255))
	n := whole(len(p), octetBytes)
	if n > 0 {
		avx2Hue(&p[0], uint32(shift), n/3)
	}
	for p = p[n:]; len(p) >= 3; p = p[3:] {
		h, s, v := rgbToHSV(p[0], p[1], p[2])
		p[0], p[1], p[2] = hsvToRGB(h+shift, s, v)
	}
}

// rgbToHSV is PIL's conversion, in its C types: float where C stores a float, double where C computes one.
func rgbToHSV(r, g, b uint8) (h, s, v uint8) {
	top, low := max(r, g, b), min(r, g, b)
	if top == low {
		return 0, 0, top
	}
	cr := float32(top - low)
	var x float32
	switch top {
	case r:
		x = float32(top-b)/cr - float32(top-g)/cr
	case g:
		x = float32(2 + float64(float32(top-r)/cr) - float64(float32(top-b)/cr))
	default:
		x = float32(4 + float64(float32(top-g)/cr) - float64(float32(top-r)/cr))
	}
	y := float64(x)/6 + 1 // in [5/6, 2): its remainder by 1 needs no fmod
	if y >= 1 {
		y--
	}
	return uint8(float64(float32(y)) * 255), uint8(float64(cr/float32(top)) * 255), top
}

// sectors is, for each 8-bit hue, the sixth of the circle it is in and how far
// in; shades is each 8-bit saturation in [0,1].
var (
	sectors = func() (t [256]struct {
		i int
		f float64
	}) {
		for h := range t {
			x := float64(h) * 6 / 255
			i := int(x)
			t[h].i, t[h].f = i%6, float64(float32(x-float64(i)))
		}
		return t
	}()
	shades = func() (t [256]float32) {
		for s := range t {
			t[s] = float32(float64(s) / 255)
		}
		return t
	}()
)

// hsvToRGB is PIL's conversion, in its C types.
func hsvToRGB(h, s, v uint8) (r, g, b uint8) {
	if s == 0 {
		return v, v, v
	}
	at, fs, fv := &sectors[h], shades[s], float64(v)
	lo := level(fv * (1 - float64(fs)))
	var mid uint8
	if at.i&1 == 0 { // rising: C computes in double
		mid = level(fv * (1 - float64(float64(fs)*(1-at.f))))
	} else { // falling: C computes in float
		mid = level(fv * (1 - float64(fs*float32(at.f))))
	}
	switch at.i {
	case 0:
		return v, mid, lo
	case 1:
		return mid, v, lo
	case 2:
		return lo, v, mid
	case 3:
		return lo, mid, v
	case 4:
		return mid, lo, v
	}
	return v, lo, mid
}

// level rounds x in [0,255] half up; the conversion keeps a product in x from being fused with the sum.
func level(x float64) uint8 { return uint8(float64(x) + 0.5) }
