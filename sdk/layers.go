package sdk

import (
	"math"
	"strconv"

	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// Conv is how a convolution's window moves; Square gives both directions one stride and padding.
type Conv = trace.Conv

// Square is a convolution with one stride and one padding.
func Square(stride, pad int) Conv { return trace.Square(stride, pad) }

// Initialisers.
var (
	Constant  = trace.Constant
	OnSphere  = trace.OnSphere // rows of length 1, evenly over the sphere
	Normal    = trace.Normal
	UniformIn = trace.UniformIn
	Truncated = trace.Truncated
)

// Frozen holds a parameter as it starts.
func Frozen() trace.ParamOption { return trace.FrozenUntil(-1) }

// Linear is y = x W^T + b with PyTorch's default initialisation: uniform
// within 1/sqrt(in). Parameters are name.weight [out,in] and name.bias [out].
func Linear(name string, out int, bias bool) Layer {
	return func(scope string, x Value) Value {
		in := x.Dim(-1)
		bound := 1 / math.Sqrt(float64(in))
		return LinearInit(name, out, bias, UniformIn(-bound, bound), UniformIn(-bound, bound))(scope, x)
	}
}

// LinearInit is Linear with given initialisations.
func LinearInit(name string, out int, bias bool, weight, offset trace.Init) Layer {
	return func(scope string, x Value) Value {
		b := x.Builder()
		full := join(scope, name)
		w := b.Param(full+".weight", weight, []int{out, x.Dim(-1)})
		y := x.Dot(w, nil, nil, []int{-1}, []int{1})
		if bias {
			y = y.Add(b.Param(full+".bias", offset, []int{out}))
		}
		return y
	}
}

// ChannelwiseLinear joins all places of each channel of f32[B,h,w,D] by weights of its
// own, name.weight [D,h*w,h*w]: D h^2 w^2 of them rather than a full layer's D^2 h^2 w^2
// (Pathak et al. 2016, section 3.1).
func ChannelwiseLinear(name string, init Init) Layer {
	return func(scope string, x Value) Value {
		b, h, w, d := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
		weight := x.Builder().Param(join(scope, name)+".weight", init, []int{d, h * w, h * w})
		y := x.Reshape(b, h*w, d).Dot(weight, []int{2}, []int{0}, []int{1}, []int{2}) // f32[D,B,h*w]
		return y.Transpose(1, 2, 0).Reshape(b, h, w, d)
	}
}

// BatchNorm is torch.nn.BatchNorm over all but the last dimension: eps 1e-5,
// running statistics with momentum 0.1 and unbiased variance. training false
// normalises by the running statistics. Within [Module.Split] each part of the batch
// has statistics of its own, of which the running ones follow the mean.
func BatchNorm(name string, training, affine bool) Layer {
	return func(scope string, x Value) Value {
		b := x.Builder()
		full := join(scope, name)
		c := x.Dim(-1)
		scale, offset := b.Fill(shape.F32(c), 1), b.Fill(shape.F32(c), 0)
		if affine {
			scale, offset = b.Param(full+".weight", Constant(1), []int{c}), b.Param(full+".bias", Constant(0), []int{c})
		}
		mean, variance := b.State(full+".running_mean", shape.F32(c), Constant(0)), b.State(full+".running_var", shape.F32(c), Constant(1))
		norms := b.Norms()
		if !training || norms.Frozen {
			return x.BatchNormInference(scale, offset, mean, variance, 1e-5)
		}
		groups := max(1, norms.Groups)
		y, m, v := x.BatchNorm(scale, offset, 1e-5, groups)
		if groups > 1 {
			m, v = m.Mean(0), v.Mean(0)
		}
		n := float64(x.Size() / c / groups)
		b.Assign(full+".running_mean", mean.Scale(0.9).Add(m.Scale(0.1)))
		b.Assign(full+".running_var", variance.Scale(0.9).Add(v.Scale(0.1*n/math.Max(1, n-1))))
		return y
	}
}

// LayerNorm is torch.nn.LayerNorm over the last dimension.
func LayerNorm(name string, epsilon float64) Layer {
	return func(scope string, x Value) Value {
		b, c := x.Builder(), x.Dim(-1)
		full := join(scope, name)
		return x.LayerNorm(b.Param(full+".weight", Constant(1), []int{c}), b.Param(full+".bias", Constant(0), []int{c}), epsilon)
	}
}

// Convolution has weights name.weight [out,in/groups,k,k], initialised as He et
// al. (2015): normal with variance 2/(k*k*out).
func Convolution(name string, out, k int, c Conv) Layer {
	return ConvolutionInit(name, out, k, c, Normal(0, math.Sqrt(2/float64(k*k*out))))
}

// ConvolutionInit is Convolution with a given initialisation.
func ConvolutionInit(name string, out, k int, c Conv, init Init) Layer {
	return func(scope string, x Value) Value {
		w := x.Builder().Param(join(scope, name)+".weight", init, []int{out, x.Dim(-1) / max(1, c.Groups), k, k})
		return x.Conv(w, c)
	}
}

// Relu is max(x, 0).
func Relu(_ string, x Value) Value { return x.Relu() }

// Chain applies layers one after another.
func Chain(layers ...Layer) Layer {
	return func(scope string, x Value) Value {
		for _, l := range layers {
			x = l(scope, x)
		}
		return x
	}
}

// MLP is Linear, BatchNorm, ReLU for each width but the last, then Linear; with
// lastNorm a BatchNorm ends it. Parameters are named as torch.nn.Sequential's.
func (s *Step) MLP(name string, lastNorm bool, widths ...int) Layer {
	var layers []Layer
	at := func(i int) string { return name + "." + strconv.Itoa(i) }
	for i, w := range widths {
		k := 3 * i
		if i < len(widths)-1 {
			layers = append(layers, Linear(at(k), w, false), BatchNorm(at(k+1), true, true), Relu)
			continue
		}
		layers = append(layers, Linear(at(k), w, !lastNorm))
		if lastNorm {
			layers = append(layers, BatchNorm(at(k+1), true, true))
		}
	}
	return Chain(layers...)
}

// Filled is f32[dims] of x.
func Filled(b *Builder, x float64, dims ...int) Value { return b.Fill(shape.F32(dims...), x) }
