// Package conv owns two-dimensional convolutions of float32 images and their
// gradients: plain, strided, dilated, padded, grouped and depthwise. It lays no
// image out as a matrix: the register tiles of package gemm/tile read NHWC
// images where they are, through tables of offsets made once for the shape. 3x3
// convolutions without stride go by Winograd's F(2x2,3x3) where the shape says
// that it is faster: relative to float64 over the whole result, its error is at
// most twice the direct path's plus 1e-7, and a value that is not finite spreads
// over the tiles that see it. F(4x4,3x3) is faster still, with some five times the
// error, at most 8e-6, and is taken only where the caller allows it. Start from
// [New], [NewInputGrad] or [NewWeightGrad].
//
// Work is cut into chunks by shape alone and every element is summed in a fixed
// order, so that results are the same bits for any number of workers.
package conv

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/kernel/isa"
)

// Spec is a convolution of x f32[B,H,W,C] with w f32[O,C/Groups,KH,KW] to
// y f32[B,OH,OW,O]: y at (oh, ow) sees x at (oh*StrideH - PadTop + kh*DilationH,
// ow*StrideW - PadLeft + kw*DilationW), zeros outside, as PyTorch's conv2d does.
type Spec struct {
	B, H, W, C                           int
	O, KH, KW                            int
	StrideH, StrideW                     int
	PadTop, PadBottom, PadLeft, PadRight int
	DilationH, DilationW                 int
	Groups                               int
	Bias                                 bool // y += bias f32[O]; of no meaning to the gradients
	Fours                                bool // F(4x4,3x3) may be used, where all is float32

	// Half: x, w, dy and y or dx are bfloat16, dw and bias float32. Slices of
	// bfloat16s then hold words of two. See [Spec.Pairs].
	Half bool
	// HalfOut: y and dy alone are bfloat16. See [Spec.Narrows].
	HalfOut bool
}

// Pairs reports whether there are kernels for s in bfloat16, on this processor.
// They need even channels, so that two neighbours make a word.
func (s Spec) Pairs() bool {
	even := func(channels int) bool { return channels/s.Groups%2 == 0 && channels/s.Groups <= 2*maxWords }
	return isa.BF16() && even(s.C) && even(s.O) && !s.thin()
}

// Narrows reports whether there are kernels for s with a bfloat16 output of float32
// images, and for the gradient of their weights: thin images have them, whose
// channels are few and often odd, such as three colours.
func (s Spec) Narrows() bool { return s.thin() && s.O%2 == 0 && !s.Half }

// Out is the size of the output images.
func (s Spec) Out() (oh, ow int) {
	out := func(n, before, after, k, dilation, stride int) int {
		return (n+before+after-(k-1)*dilation-1)/stride + 1
	}
	return out(s.H, s.PadTop, s.PadBottom, s.KH, s.DilationH, s.StrideH), out(s.W, s.PadLeft, s.PadRight, s.KW, s.DilationW, s.StrideW)
}

// FLOPs counts multiplications and additions, those with padding included. It
// is the same for the forward pass and for either gradient.
func (s Spec) FLOPs() int64 {
	oh, ow := s.Out()
	return 2 * int64(s.B) * int64(oh) * int64(ow) * int64(s.O) * int64(s.KH) * int64(s.KW) * int64(s.C/s.Groups)
}

// maxBytes bounds a tensor so that offsets within it fit 32 bits.
const maxBytes = math.MaxInt32

// Check says what is wrong with s.
func (s Spec) Check() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"B", s.B}, {"H", s.H}, {"W", s.W}, {"C", s.C}, {"O", s.O}, {"KH", s.KH}, {"KW", s.KW}, {"StrideH", s.StrideH}, {"StrideW", s.StrideW},
		{"DilationH", s.DilationH}, {"DilationW", s.DilationW}, {"Groups", s.Groups},
	} {
		if f.value < 1 || f.value > maxBytes {
			return fmt.Errorf("conv: %s: expected 1 to %d, found %d", f.name, maxBytes, f.value)
		}
	}
	if p := min(s.PadTop, s.PadBottom, s.PadLeft, s.PadRight); p < 0 {
		return fmt.Errorf("conv: padding: expected none below 0, found top %d, bottom %d, left %d, right %d; slice the input instead", s.PadTop, s.PadBottom, s.PadLeft, s.PadRight)
	}
	if p := max(s.PadTop, s.PadBottom, s.PadLeft, s.PadRight); p > maxBytes {
		return fmt.Errorf("conv: padding: expected at most %d, found %d", maxBytes, p)
	}
	if s.C%s.Groups != 0 || s.O%s.Groups != 0 {
		return fmt.Errorf("conv: groups: expected a divisor of %d input and %d output channels, found %d", s.C, s.O, s.Groups)
	}
	if s.HalfOut && !s.Narrows() {
		return fmt.Errorf("conv: bfloat16 output of float32 images: expected at most 8 channels in one group and an even number of outputs, found %d to %d in %d groups", s.C, s.O, s.Groups)
	}
	if s.Half && !s.Pairs() {
		return fmt.Errorf("conv: bfloat16: expected more than 8 channels, an even number of at most %d in each group, and a processor with avx512bf16, found %d to %d channels in %d groups", 2*maxWords, s.C, s.O, s.Groups)
	}
	if s.H+s.PadTop+s.PadBottom < (s.KH-1)*s.DilationH+1 || s.W+s.PadLeft+s.PadRight < (s.KW-1)*s.DilationW+1 {
		return fmt.Errorf("conv: kernel of %dx%d with dilation %d,%d: expected it to fit the padded image of %dx%d", s.KH, s.KW, s.DilationH, s.DilationW,
			s.H+s.PadTop+s.PadBottom, s.W+s.PadLeft+s.PadRight)
	}
	oh, ow := s.Out()
	for _, t := range []struct {
		name string
		dims [4]int
	}{{"x", [4]int{s.B, s.H, s.W, s.C}}, {"w", [4]int{s.O, s.C / s.Groups, s.KH, s.KW}}, {"y", [4]int{s.B, oh, ow, s.O}}} {
		n := 4
		for _, d := range t.dims {
			if n > maxBytes/d {
				return fmt.Errorf("conv: %s f32%v: expected at most %d bytes", t.name, t.dims, maxBytes)
			}
			n *= d
		}
	}
	return nil
}

// Sizes are in elements; slices are as long in [Spec.words] of them.
func (s Spec) sizeX() int { return s.B * s.H * s.W * s.C }
func (s Spec) sizeW() int { return s.O * s.C / s.Groups * s.KH * s.KW }
func (s Spec) sizeY() int {
	oh, ow := s.Out()
	return s.B * oh * ow * s.O
}

// pointwise reports a 1x1 convolution of every pixel: a matrix product.
func (s Spec) pointwise() bool {
	oh, ow := s.Out()
	return s.KH == 1 && s.KW == 1 && s.StrideH == 1 && s.StrideW == 1 && oh == s.H && ow == s.W && s.PadTop == 0 && s.PadLeft == 0
}

// depthwise reports that each output channel sees one input channel, its own.
func (s Spec) depthwise() bool { return s.Groups == s.C && s.C == s.O }

// thin reports that a kernel row of a few channels is one short run of memory:
// such images are padded in a worker's memory rather than looked up pixel by pixel.
func (s Spec) thin() bool {
	return s.Groups == 1 && s.DilationW == 1 && s.C <= 8 && s.KW*s.C <= maxDepth
}

// words is the length of a slice that holds so many elements of an operand.
func (s Spec) words(elements int) int {
	if s.Half {
		return elements / 2
	}
	return elements
}

// wordsY is that of y or dy.
func (s Spec) wordsY(elements int) int {
	if s.HalfOut {
		return elements / 2
	}
	return s.words(elements)
}

func ceilDiv(n, by int) int { return (n + by - 1) / by }

func roundUp(n, to int) int { return ceilDiv(n, to) * to }

func need(what string, got []float32, n int) {
	if len(got) < n {
		panic(fmt.Sprintf("conv: bind %s: expected %d elements, found %d", what, n, len(got)))
	}
}

func checkWorkers(workers int) error {
	if workers < 1 {
		return fmt.Errorf("conv: expected at least 1 worker, found %d", workers)
	}
	return nil
}
