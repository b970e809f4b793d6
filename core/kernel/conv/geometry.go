package conv

// geometry is which source pixel an output pixel's taps see. The forward pass
// reads x for y, the input gradient dy for x.
type geometry struct {
	b, oh, ow, n   int // images, and the output's pixels and channels
	h, w, c        int // the source's
	kh, kw, groups int
	scaleH, scaleW int // source = (output*scale + shift + tap*step) / under, where that is whole
	shiftH, shiftW int
	stepH, stepW   int
	underH, underW int
	half           bool // source, weights and output are bfloat16
}

func forward(s Spec) geometry {
	oh, ow := s.Out()
	return geometry{
		b: s.B, oh: oh, ow: ow, n: s.O, h: s.H, w: s.W, c: s.C, kh: s.KH, kw: s.KW, groups: s.Groups,
		scaleH: s.StrideH, scaleW: s.StrideW, shiftH: -s.PadTop, shiftW: -s.PadLeft,
		stepH: s.DilationH, stepW: s.DilationW, underH: 1, underW: 1, half: s.Half,
	}
}

func backward(s Spec) geometry {
	oh, ow := s.Out()
	return geometry{
		b: s.B, oh: s.H, ow: s.W, n: s.C, h: oh, w: ow, c: s.O, kh: s.KH, kw: s.KW, groups: s.Groups,
		scaleH: 1, scaleW: 1, shiftH: s.PadTop, shiftW: s.PadLeft,
		stepH: -s.DilationH, stepW: -s.DilationW, underH: s.StrideH, underW: s.StrideW, half: s.Half,
	}
}

// source is the pixel of the source image that tap sees from an output pixel, or -1.
func (g *geometry) source(pixel, tap int) int {
	y := pixel/g.ow*g.scaleH + g.shiftH + tap/g.kw*g.stepH
	x := pixel%g.ow*g.scaleW + g.shiftW + tap%g.kw*g.stepW
	if y < 0 || x < 0 || y%g.underH != 0 || x%g.underW != 0 {
		return -1
	}
	if y, x = y/g.underH, x/g.underW; y >= g.h || x >= g.w {
		return -1
	}
	return y*g.w + x
}

// order lists the output's pixels so that neighbours in the list see the same taps.
func (g *geometry) order() []int {
	out := make([]int, 0, g.oh*g.ow)
	for y0 := range min(g.underH, g.oh) {
		for x0 := range min(g.underW, g.ow) {
			for y := y0; y < g.oh; y += g.underH {
				for x := x0; x < g.ow; x += g.underW {
					out = append(out, y*g.ow+x)
				}
			}
		}
	}
	return out
}

// seen is the share of all pixels and taps that see a pixel.
func (g *geometry) seen() float64 {
	n := 0
	for p := range g.oh * g.ow {
		for t := range g.kh * g.kw {
			if g.source(p, t) >= 0 {
				n++
			}
		}
	}
	return float64(n) / float64(g.oh*g.ow*g.kh*g.kw/(g.underH*g.underW))
}
