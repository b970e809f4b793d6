package pix

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

// AutoContrast is PIL's ImageOps.autocontrast on each channel.
func AutoContrast(p []uint8, c int) {
	for ch := range c {
		low, high := uint8(255), uint8(0)
		for i := ch; i < len(p); i += c {
			low, high = min(low, p[i]), max(high, p[i])
		}
		if high <= low {
			continue
		}
		scale := 255 / float64(high-low)
		offset := float64(-float64(low) * scale)
		var table [256]uint8
		for i := range table {
			table[i] = uint8(max(0, min(255, float64(float64(i)*scale)+offset)))
		}
		for i := ch; i < len(p); i += c {
			p[i] = table[p[i]]
		}
	}
}

// Sharpness blends from the smoothed picture (ImageEnhance.Sharpness): each pixel
// but those at the edge with its eight neighbours, of which it weighs five.
func Sharpness(p []uint8, h, w, c int, f float32, s *Scratch) {
	smooth := grow(&s.pass, len(p))
	copy(smooth, p)
	const near, self = float32(1) / 13, float32(5) / 13
	row := func(at int, middle float32) float32 {
		return float32(float32(p[at-c])*near) + float32(float32(p[at])*middle) + float32(float32(p[at+c])*near)
	}
	for y := 1; y < h-1; y++ {
		for at := (y*w + 1) * c; at < (y*w+w-1)*c; at++ {
			sum := 0.5 + row(at+w*c, near)
			sum += row(at, self)
			sum += row(at-w*c, near)
			smooth[at] = uint8(max(0, min(255, sum)))
		}
	}
	for i, v := range smooth {
		p[i] = blend(v, p[i], f)
	}
}
