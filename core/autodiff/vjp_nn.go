package autodiff

import (
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/trace"
)

// window copies the attributes of how a window moves.
func window(c *call, more ...ir.Attr) []ir.Attr {
	for _, name := range []string{"stride", "padding", "dilation", "groups"} {
		if a := c.attrs.Get(name); a != nil {
			more = append(more, *a)
		}
	}
	return more
}

func convolution(c *call) []trace.Value {
	x, w, ct := c.in[0], c.in[1], c.ct[0]
	out := make([]trace.Value, 2)
	if c.need[0] {
		out[0] = c.b.Emit("conv_transpose", list(ct, w), window(c, ir.Ints("spatial", x.Dim(1), x.Dim(2)))...)[0]
	}
	if c.need[1] {
		out[1] = c.b.Emit("conv_weight_grad", list(x, ct), window(c, ir.Ints("kernel", w.Dim(2), w.Dim(3)))...)[0]
	}
	return out
}

func convTranspose(c *call) []trace.Value {
	g, w, ct := c.in[0], c.in[1], c.ct[0]
	out := make([]trace.Value, 2)
	if c.need[0] {
		out[0] = c.b.Emit("convolution", list(ct, w), window(c)...)[0]
	}
	if c.need[1] {
		out[1] = c.b.Emit("conv_weight_grad", list(ct, g), window(c, ir.Ints("kernel", w.Dim(2), w.Dim(3)))...)[0]
	}
	return out
}

// reduceWindow: a maximum sends the cotangent to each window's first maximum;
// a sum is its own transpose, with the stride turned into interior padding.
func reduceWindow(c *call) []trace.Value {
	x, ct := c.in[0], c.ct[0]
	win, stride, padding := c.attrs.Ints("window"), c.attrs.Ints("stride"), c.attrs.Ints("padding")
	if c.attrs.Str("kind") == "maximum" {
		return c.b.Emit("select_and_scatter", list(x, ct), window(c, ir.Ints("window", win...))...)
	}
	low, high, interior := make([]int, 4), make([]int, 4), make([]int, 4)
	for i := range 2 {
		d := i + 1
		low[d], interior[d] = win[i]-1-padding[2*i], stride[i]-1
		high[d] = x.Dim(d) + win[i] - 1 - low[d] - ((ct.Dim(d)-1)*stride[i] + 1)
	}
	spread := padWith(c.b, ct, low, high, interior)
	return c.b.Emit("reduce_window", list(spread), ir.Ints("window", win...), ir.Ints("stride", 1, 1), ir.Ints("padding", 0, 0, 0, 0), ir.String("kind", "add"))
}

func batchNormTraining(c *call) []trace.Value {
	needFirst(c)
	return c.b.Emit("batch_norm_grad", list(c.in[0], c.in[1], c.out[1], c.out[2], c.ct[0]),
		ir.Float("epsilon", c.attrs.Float("epsilon", 0)), ir.Int("groups", c.attrs.Int("groups", 1)))
}

// batchNormInference: mean and variance are running statistics, which have no gradient.
func batchNormInference(c *call) []trace.Value {
	x, scale, mean, variance, ct := c.in[0], c.in[1], c.in[3], c.in[4], c.ct[0]
	if c.need[3] || c.need[4] {
		c.b.Fail("batch_norm_inference has no derivative with respect to its statistics")
	}
	rstd := variance.AddConst(c.attrs.Float("epsilon", 0)).Rsqrt()
	out := make([]trace.Value, 5)
	leading := span(0, x.Rank()-1)
	if c.need[0] {
		out[0] = ct.Mul(scale.Mul(rstd))
	}
	if c.need[1] {
		out[1] = ct.Mul(x.Sub(mean)).Sum(leading...).Mul(rstd)
	}
	if c.need[2] {
		out[2] = ct.Sum(leading...)
	}
	return out
}
