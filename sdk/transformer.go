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
	// Last starts the weights of the layers that end the two branches of the l-th
	// block, counted from 1; nil: as Weights does.
	Last func(l, in, out int) trace.Init
	// LayerScale is what each branch's channels are times at the start, learned
	// (Touvron et al. 2021); 0: nothing.
	LayerScale float64
	// Relative adds to attention a bias by relative position, of one table for all
	// blocks; see [RelativePositions].
	Relative bool
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
		layers = append(layers, t.Block(name, i))
	}
	return Chain(append(layers, LayerNorm(norm, blockEpsilon))...)
}

// Block is the i-th of Blocks, x + attention(norm(x)), then x + MLP(norm(x)).
func (t Transformer) Block(name string, i int) Layer {
	name = Entry(name, i)
	return func(scope string, x Value) Value {
		d := x.Dim(-1)
		attend := Chain(LayerNorm(name+".norm1", blockEpsilon), t.attention(name+".attn", i), t.layerScale(name+".ls1"))
		think := Chain(LayerNorm(name+".norm2", blockEpsilon), t.linear(name+".mlp.fc1", t.MLPRatio*d), Gelu, t.last(name+".mlp.fc2", i, d), t.layerScale(name+".ls2"))
		x = x.Add(attend(scope, x))
		return x.Add(think(scope, x))
	}
}

// attention is multi-head self-attention with one linear layer name.qkv for
// queries, keys and values, and name.proj after it (Vaswani et al. 2017).
func (t Transformer) attention(name string, block int) Layer {
	return func(scope string, x Value) Value {
		b, n, d := x.Dim(0), x.Dim(1), x.Dim(2)
		if t.Heads < 1 || d%t.Heads != 0 {
			x.Builder().Fail("a width of " + strconv.Itoa(d) + " does not divide into " + strconv.Itoa(t.Heads) + " heads")
		}
		head := d / t.Heads
		qkv := t.linear(name+".qkv", 3*d)(scope, x).Reshape(b, n, 3, t.Heads, head)
		scale := 1 / math.Sqrt(float64(head))
		var y Value
		if t.Relative {
			y = biasedAttention(qkv, scale, t.relative(scope, x))
		} else {
			y = qkv.ScaledDotProductAttention(scale)
		}
		return t.last(name+".proj", block, d)(scope, y.Reshape(b, n, d))
	}
}

// ClassAttention is what the class token, the first, attends to in the last of
// Blocks, the mean over heads: f32[B,1+N,D] to f32[B,N] (Caron et al. 2021, figure 1).
func (t Transformer) ClassAttention(name string, depth int) Layer {
	return func(scope string, x Value) Value {
		for i := range depth - 1 {
			x = t.Block(name, i)(scope, x)
		}
		last := name + "." + strconv.Itoa(depth-1)
		b, n, d := x.Dim(0), x.Dim(1), x.Dim(2)
		head := d / t.Heads
		qkv := Chain(LayerNorm(last+".norm1", blockEpsilon), t.linear(last+".attn.qkv", 3*d))(scope, x).Reshape(b, n, 3, t.Heads, head)
		query := qkv.Slice(1, 0, 1).Slice(2, 0, 1).Reshape(b, 1, t.Heads, head)
		keys := qkv.Slice(2, 1, 2).Reshape(b, n, t.Heads, head)
		scores := query.Mul(keys).Sum(3).Scale(1/math.Sqrt(float64(head))).Transpose(0, 2, 1) // f32[B,heads,1+N]
		if t.Relative {
			scores = scores.Add(t.relative(scope, x).Slice(1, 0, 1).Reshape(t.Heads, n))
		}
		return scores.Softmax().Mean(1).Slice(1, 1, n)
	}
}

func (t Transformer) linear(name string, out int) Layer {
	return func(scope string, x Value) Value {
		return LinearInit(name, out, true, t.Weights(x.Dim(-1), out), Constant(0))(scope, x)
	}
}

// last is linear at the end of a branch.
func (t Transformer) last(name string, block, out int) Layer {
	if t.Last == nil {
		return t.linear(name, out)
	}
	return func(scope string, x Value) Value {
		return LinearInit(name, out, true, t.Last(block+1, x.Dim(-1), out), Constant(0))(scope, x)
	}
}

// layerScale is x times name.gamma, one number for each channel.
func (t Transformer) layerScale(name string) Layer {
	return func(scope string, x Value) Value {
		if t.LayerScale == 0 {
			return x
		}
		return x.Mul(x.Builder().Param(join(scope, name)+".gamma", Constant(t.LayerScale), []int{x.Dim(-1)}))
	}
}

// Gelu is x*Phi(x), exact.
func Gelu(_ string, x Value) Value { return x.Gelu() }
