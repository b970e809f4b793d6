package op

import (
	"strconv"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Layouts: activations are [b,0,1,f] (NHWC), convolution weights are [o,i,0,1]
// (PyTorch's OIHW). Padding is [top,bottom,left,right].
var nnOps = []Def{
	{Name: "convolution", In: 2, Class: Data, Doc: "x f32[B,H,W,C] with weights y f32[O,C/groups,KH,KW]",
		Attrs: convAttrs(), Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			g, err := ConvGeometryOf(a)
			if err != nil {
				return nil, err
			}
			x, w := in[0], in[1]
			if !f32Rank(x, 4) || !f32Rank(w, 4) {
				return bad("expected f32[B,H,W,C] and f32[O,I,KH,KW], found ", x.String(), " and ", w.String())
			}
			if w.Dims[1]*g.Groups != x.Dims[3] || w.Dims[0]%g.Groups != 0 {
				return bad("weights ", w.String(), " in ", strconv.Itoa(g.Groups), " groups do not fit input ", x.String())
			}
			oh, ow := g.Out(x.Dims[1], x.Dims[2], w.Dims[2], w.Dims[3])
			if oh < 1 || ow < 1 {
				return bad("window of ", w.String(), " does not fit into ", x.String())
			}
			return dims(dtype.F32, x.Dims[0], oh, ow, w.Dims[0])
		}},
	{Name: "conv_transpose", In: 2, Class: Data, Doc: "transposed convolution of x f32[B,OH,OW,O] with y f32[O,C/groups,KH,KW] to f32[B,H,W,C], spatial = [H,W]; the input gradient of convolution",
		Attrs: append(convAttrs(), ints("spatial")), Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			g, err := ConvGeometryOf(a)
			if err != nil {
				return nil, err
			}
			x, w, hw := in[0], in[1], a.Ints("spatial")
			if !f32Rank(x, 4) || !f32Rank(w, 4) || len(hw) != 2 || hw[0] < 1 || hw[1] < 1 {
				return bad("expected f32[B,OH,OW,O], f32[O,I,KH,KW] and two spatial sizes, found ", x.String(), ", ", w.String(), " and ", shape.DimsString(hw))
			}
			if w.Dims[0] != x.Dims[3] || w.Dims[0]%g.Groups != 0 {
				return bad("weights ", w.String(), " do not fit ", x.String())
			}
			if oh, ow := g.Out(hw[0], hw[1], w.Dims[2], w.Dims[3]); oh != x.Dims[1] || ow != x.Dims[2] {
				return bad("a convolution of ", shape.DimsString(hw), " gives ", shape.DimsString([]int{oh, ow}), ", not the size of ", x.String())
			}
			return dims(dtype.F32, x.Dims[0], hw[0], hw[1], w.Dims[1]*g.Groups)
		}},
	{Name: "conv_weight_grad", In: 2, Class: Data, Doc: "the weight gradient of convolution: x f32[B,H,W,C] and output gradient y f32[B,OH,OW,O] to f32[O,C/groups,KH,KW], kernel = [KH,KW]",
		Attrs: append(convAttrs(), ints("kernel")), Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			g, err := ConvGeometryOf(a)
			if err != nil {
				return nil, err
			}
			x, dy, k := in[0], in[1], a.Ints("kernel")
			if !f32Rank(x, 4) || !f32Rank(dy, 4) || len(k) != 2 || k[0] < 1 || k[1] < 1 || x.Dims[3]%g.Groups != 0 || dy.Dims[3]%g.Groups != 0 || x.Dims[0] != dy.Dims[0] {
				return bad("expected f32[B,H,W,C], f32[B,OH,OW,O] and a kernel size, found ", x.String(), ", ", dy.String(), " and ", shape.DimsString(k))
			}
			if oh, ow := g.Out(x.Dims[1], x.Dims[2], k[0], k[1]); oh != dy.Dims[1] || ow != dy.Dims[2] {
				return bad("a convolution of ", x.String(), " gives ", shape.DimsString([]int{oh, ow}), ", not the size of ", dy.String())
			}
			return dims(dtype.F32, dy.Dims[3], x.Dims[3]/g.Groups, k[0], k[1])
		}},
	{Name: "reduce_window", In: 1, Class: Data, Doc: "combines windows of f32[B,H,W,C] over H and W by kind: maximum or add; padding is the kind's neutral element",
		Attrs: append(windowAttrs(), text("kind")), Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if k := a.Str("kind"); k != "maximum" && k != "add" {
				return bad("kind: expected maximum or add, found ", k)
			}
			return windowShape(in[0], a)
		}},
	{Name: "select_and_scatter", In: 2, Class: Data, Doc: "the gradient of a maximum reduce_window: y f32[B,OH,OW,C] added at each window's first maximum of x",
		Attrs: windowAttrs(), Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			out, err := windowShape(in[0], a)
			if err != nil {
				return nil, err
			}
			if !out[0].Equal(in[1]) {
				return bad("expected ", out[0].String(), ", found ", in[1].String())
			}
			return one(in[0])
		}},
	{Name: "batch_norm_training", In: 3, Class: Data, Doc: "x normalised over all but its last dimension, times scale y plus offset z; results are the output, the batch mean and the biased batch variance (f32[C], or f32[groups,C] where the batch is split into groups with statistics of their own)",
		Attrs: []AttrDef{real("epsilon"), opt(num("groups"))}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if err := perFeature(in[0], in[1:]); err != nil {
				return nil, err
			}
			st, err := groupStats(in[0], a)
			return []shape.Shape{in[0], st, st}, err
		}},
	{Name: "batch_norm_inference", In: 5, Class: Data, Doc: "(x - mean) / sqrt(variance + epsilon) * scale + offset; operands x, scale, offset, mean, variance",
		Attrs: []AttrDef{real("epsilon")}, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
			if err := perFeature(in[0], in[1:]); err != nil {
				return nil, err
			}
			return one(in[0])
		}},
	{Name: "batch_norm_grad", In: 5, Class: Data, Doc: "the gradient of batch_norm_training; operands x, scale, mean, variance and the output gradient, results dx, dscale, doffset",
		Attrs: []AttrDef{real("epsilon"), opt(num("groups"))}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if err := perFeature(in[0], in[1:2]); err != nil {
				return nil, err
			}
			st, err := groupStats(in[0], a)
			if err != nil {
				return nil, err
			}
			if !in[2].Equal(st) || !in[3].Equal(st) || !in[4].Equal(in[0]) {
				return bad("expected mean and variance ", st.String(), " and gradient ", in[0].String())
			}
			return []shape.Shape{in[0], in[1], in[1]}, nil
		}},
	{Name: "layer_norm", In: 3, Class: Data, Doc: "x normalised over its last dimension, times scale y plus offset z; results are the output, the mean and 1/sqrt(variance + epsilon)",
		Attrs: []AttrDef{real("epsilon")}, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
			if err := perFeature(in[0], in[1:]); err != nil {
				return nil, err
			}
			st := shape.F32(in[0].Dims[:in[0].Rank()-1]...)
			return []shape.Shape{in[0], st, st}, nil
		}},
	{Name: "layer_norm_grad", In: 5, Class: Data, Doc: "the gradient of layer_norm; operands x, scale, mean, rstd and the output gradient, results dx, dscale, doffset",
		Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
			if err := perFeature(in[0], in[1:2]); err != nil {
				return nil, err
			}
			st := shape.F32(in[0].Dims[:in[0].Rank()-1]...)
			if !in[2].Equal(st) || !in[3].Equal(st) || !in[4].Equal(in[0]) {
				return bad("expected mean and rstd ", st.String(), " and gradient ", in[0].String())
			}
			return []shape.Shape{in[0], in[1], in[1]}, nil
		}},
	lastDim("softmax", "e^x / sum(e^x) over the last dimension", 1),
	lastDim("log_softmax", "x - log(sum(e^x)) over the last dimension", 1),
	lastDim("softmax_grad", "the gradient of softmax from its output x and output gradient y", 2),
	lastDim("log_softmax_grad", "the gradient of log_softmax from its output x and output gradient y", 2),
}

func lastDim(name, doc string, operands int) Def {
	return Def{Name: name, In: operands, Class: Data, Doc: doc, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if in[0].DType != dtype.F32 || in[0].Rank() == 0 || operands == 2 && !in[0].Equal(in[1]) {
			return bad("expected f32 of rank 1 or more, found ", in[0].String())
		}
		return one(in[0])
	}}
}

func f32Rank(s shape.Shape, r int) bool { return s.DType == dtype.F32 && s.Rank() == r }

func convAttrs() []AttrDef {
	return []AttrDef{ints("stride"), ints("padding"), opt(ints("dilation")), opt(num("groups"))}
}

func windowAttrs() []AttrDef { return []AttrDef{ints("window"), ints("stride"), ints("padding")} }

// ConvGeometry is how a convolution's window moves. Pad is top, bottom, left, right.
type ConvGeometry struct {
	Stride, Dilation [2]int
	Pad              [4]int
	Groups           int
}

// ConvGeometryOf reads and checks the attributes of the convolution ops.
func ConvGeometryOf(a ir.Attrs) (ConvGeometry, error) {
	g := ConvGeometry{Dilation: [2]int{1, 1}, Groups: a.Int("groups", 1)}
	st, pad, dil := a.Ints("stride"), a.Ints("padding"), a.Ints("dilation")
	if len(st) != 2 || len(pad) != 4 || dil != nil && len(dil) != 2 {
		_, err := bad("stride takes 2 entries, padding 4, dilation 2")
		return g, err
	}
	copy(g.Stride[:], st)
	copy(g.Pad[:], pad)
	copy(g.Dilation[:], dil)
	const most = 1 << 20
	for _, v := range []int{g.Stride[0], g.Stride[1], g.Dilation[0], g.Dilation[1], g.Groups} {
		if v < 1 || v > most {
			_, err := bad("stride, dilation and groups must be at least 1")
			return g, err
		}
	}
	for _, v := range pad {
		if v < 0 || v > most {
			_, err := bad("padding ", shape.DimsString(pad), " must not be negative")
			return g, err
		}
	}
	return g, nil
}

// Out is the spatial size of a convolution of an h by w input with a kh by kw kernel.
func (g ConvGeometry) Out(h, w, kh, kw int) (int, int) {
	return outSize(h, kh, g.Stride[0], g.Dilation[0], g.Pad[0]+g.Pad[1]), outSize(w, kw, g.Stride[1], g.Dilation[1], g.Pad[2]+g.Pad[3])
}

func outSize(n, k, stride, dilation, pad int) int {
	span := n + pad - (k-1)*dilation - 1
	if span < 0 {
		return 0
	}
	return span/stride + 1
}

func windowShape(x shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
	win, st, pad := a.Ints("window"), a.Ints("stride"), a.Ints("padding")
	if !f32Rank(x, 4) || len(win) != 2 || len(st) != 2 || len(pad) != 4 {
		return bad("expected f32[B,H,W,C], two windows, two strides and four paddings, found ", x.String())
	}
	g, err := ConvGeometryOf(ir.NewAttrs(ir.Ints("stride", st...), ir.Ints("padding", pad...)))
	if err != nil {
		return nil, err
	}
	if win[0] < 1 || win[1] < 1 || pad[0] >= win[0] || pad[1] >= win[0] || pad[2] >= win[1] || pad[3] >= win[1] {
		return bad("window ", shape.DimsString(win), " must be larger than its padding ", shape.DimsString(pad))
	}
	oh, ow := g.Out(x.Dims[1], x.Dims[2], win[0], win[1])
	if oh < 1 || ow < 1 {
		return bad("window ", shape.DimsString(win), " does not fit into ", x.String())
	}
	return dims(dtype.F32, x.Dims[0], oh, ow, x.Dims[3])
}

func perFeature(x shape.Shape, rest []shape.Shape) error {
	if x.DType != dtype.F32 || x.Rank() < 1 {
		_, err := bad("expected f32[...,C], found ", x.String())
		return err
	}
	want := shape.F32(x.Dims[x.Rank()-1])
	for _, s := range rest {
		if !s.Equal(want) {
			_, err := bad("expected ", want.String(), " for ", x.String(), ", found ", s.String())
			return err
		}
	}
	return nil
}

func groupStats(x shape.Shape, a ir.Attrs) (shape.Shape, error) {
	g, c := a.Int("groups", 1), x.Dims[x.Rank()-1]
	if g < 1 || x.Rank() < 2 || x.Dims[0]%g != 0 {
		_, err := bad("a batch of ", x.String(), " does not split into ", strconv.Itoa(g), " groups")
		return shape.Shape{}, err
	}
	if g == 1 {
		return shape.F32(c), nil
	}
	return shape.F32(g, c), nil
}
