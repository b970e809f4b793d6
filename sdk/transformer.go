package sdk

import (
	"math"
	"strconv"

	"github.com/fwlab/fw/core/trace"
)

// Transformer is how the blocks of a transformer are made: pre-norm, as in
// Dosovitskiy et al. (2021), with exact GELU and timm's parameter names. Weights
// starts the weights of a linear layer by its widths; biases start at 0.
type Transformer struct {
	Heads    int
	MLPRatio int // of the hidden layer's width to the tokens'
	Weights  func(in, out int) trace.Init
}

// LayerNorm's epsilon in transformers of images, as timm has it.
const blockEpsilon = 1e-6

// XavierUniform is uniform within sqrt(6/(in+out)) (Glorot & Bengio 2010).
func XavierUniform(in, out int) trace.Init {
	bound := math.Sqrt(6 / float64(in+out))
	return UniformIn(-bound, bound)
}

// TruncatedNormal02 is timm's: a normal of deviation 0.02 within [-2, 2].
func TruncatedNormal02(_, _ int) trace.Init { return Truncated(0.02, -2, 2) }

// Blocks is depth blocks, name.0 and on, then a LayerNorm of the name norm:
// f32[B,T,D] for any T.
func (t Transformer) Blocks(name string, depth int, norm string) Layer {
	var layers []Layer
	for i := range depth {
		layers = append(layers, t.Block(name+"."+strconv.Itoa(i)))
	}
	return Chain(append(layers, LayerNorm(norm, blockEpsilon))...)
}

// Block is x + attention(norm(x)), then x + MLP(norm(x)).
func (t Transformer) Block(name string) Layer {
	return func(scope string, x Value) Value {
		d := x.Dim(-1)
		attend := Chain(LayerNorm(name+".norm1", blockEpsilon), t.Attention(name+".attn"))
		think := Chain(LayerNorm(name+".norm2", blockEpsilon), t.linear(name+".mlp.fc1", t.MLPRatio*d), Gelu, t.linear(name+".mlp.fc2", d))
		x = x.Add(attend(scope, x))
		return x.Add(think(scope, x))
	}
}

// Attention is multi-head self-attention with one linear layer name.qkv for
// queries, keys and values, and name.proj after it (Vaswani et al. 2017).
func (t Transformer) Attention(name string) Layer {
	return func(scope string, x Value) Value {
		b, n, d := x.Dim(0), x.Dim(1), x.Dim(2)
		if t.Heads < 1 || d%t.Heads != 0 {
			x.Builder().Fail("a width of " + strconv.Itoa(d) + " does not divide into " + strconv.Itoa(t.Heads) + " heads")
		}
		head := d / t.Heads
		qkv := t.linear(name+".qkv", 3*d)(scope, x).Reshape(b, n, 3, t.Heads, head)
		y := qkv.ScaledDotProductAttention(1 / math.Sqrt(float64(head)))
		return t.linear(name+".proj", d)(scope, y.Reshape(b, n, d))
	}
}

// ClassAttention is what the class token, the first, attends to in the last of
// Blocks, the mean over heads: f32[B,1+N,D] to f32[B,N] (Caron et al. 2021, figure 1).
func (t Transformer) ClassAttention(name string, depth int) Layer {
	return func(scope string, x Value) Value {
		for i := range depth - 1 {
			x = t.Block(name+"."+strconv.Itoa(i))(scope, x)
		}
		last := name + "." + strconv.Itoa(depth-1)
		b, n, d := x.Dim(0), x.Dim(1), x.Dim(2)
		head := d / t.Heads
		qkv := Chain(LayerNorm(last+".norm1", blockEpsilon), t.linear(last+".attn.qkv", 3*d))(scope, x).Reshape(b, n, 3, t.Heads, head)
		query := qkv.Slice(1, 0, 1).Slice(2, 0, 1).Reshape(b, 1, t.Heads, head)
		keys := qkv.Slice(2, 1, 2).Reshape(b, n, t.Heads, head)
		weights := query.Mul(keys).Sum(3).Scale(1/math.Sqrt(float64(head))).Transpose(0, 2, 1).Softmax() // f32[B,heads,1+N]
		return weights.Mean(1).Slice(1, 1, n)
	}
}

func (t Transformer) linear(name string, out int) Layer {
	return func(scope string, x Value) Value {
		return LinearInit(name, out, true, t.Weights(x.Dim(-1), out), Constant(0))(scope, x)
	}
}

// Gelu is x*Phi(x), exact.
func Gelu(_ string, x Value) Value { return x.Gelu() }
