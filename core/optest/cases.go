// Package optest owns the programs that every executor, pass and derivative is
// tested with: at least one for each op that computes. Start from [Cases].
package optest

import (
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// V is a traced value.
type V = trace.Value

// Case is a small function. Build returns its results; the first one is
// differentiated with respect to the f32 inputs where Smooth holds.
type Case struct {
	Name   string
	Inputs []shape.Shape
	Range  [2]float64 // of the f32 inputs
	Smooth bool
	Build  func(b *trace.Builder, in []V) []V
}

// Func traces the case.
func (c *Case) Func() (*ir.Func, error) {
	b := trace.New(c.Name)
	err := trace.Trace(func() {
		var in []V
		for i, s := range c.Inputs {
			in = append(in, b.Input(string(rune('a'+i)), s))
		}
		for i, v := range c.Build(b, in) {
			b.Output(string(rune('p'+i)), v)
		}
	})
	return b.Func(), err
}

// Arguments draws inputs: f32 from the range, integers small and non-negative.
func (c *Case) Arguments(seed uint64) []interp.Tensor {
	var out []interp.Tensor
	for i, s := range c.Inputs {
		st := rng.New(seed).FoldString(c.Name).Fold(uint64(i)).Stream()
		t := interp.Zeros(s)
		for j := range t.V {
			switch s.DType {
			case dtype.F32:
				t.V[j] = float64(float32(st.Uniform(c.Range[0], c.Range[1])))
			case dtype.Bool:
				t.V[j] = float64(st.Intn(2))
			case dtype.U32:
				t.V[j] = float64(st.Uint32())
			default:
				t.V[j] = float64(st.Intn(4))
			}
		}
		out = append(out, t)
	}
	return out
}

var f = shape.F32

func i32(d ...int) shape.Shape { return shape.Of(dtype.I32, d...) }
func u32(d ...int) shape.Shape { return shape.Of(dtype.U32, d...) }

func one(name string, lo, hi float64, smooth bool, build func(x V) V) Case {
	return Case{name, []shape.Shape{f(3, 37)}, [2]float64{lo, hi}, smooth, func(_ *trace.Builder, in []V) []V { return []V{build(in[0])} }}
}

func two(name string, lo, hi float64, smooth bool, build func(x, y V) V) Case {
	return Case{name, []shape.Shape{f(5, 21), f(5, 21)}, [2]float64{lo, hi}, smooth, func(_ *trace.Builder, in []V) []V { return []V{build(in[0], in[1])} }}
}

func many(name string, in []shape.Shape, smooth bool, build func(b *trace.Builder, in []V) []V) Case {
	return Case{name, in, [2]float64{-1, 1}, smooth, build}
}

func shapes(s ...shape.Shape) []shape.Shape { return s }
func list(v ...V) []V                       { return v }

// Cases is every case.
var Cases = []Case{
	one("abs", 0.1, 2, true, V.Abs), one("negate", -2, 2, true, V.Neg), one("exponential", -3, 3, true, V.Exp),
	one("exponential_minus_one", -1, 1, true, V.Expm1), one("log", 0.2, 3, true, V.Log), one("log_plus_one", -0.5, 3, true, V.Log1p),
	one("sqrt", 0.2, 3, true, V.Sqrt), one("rsqrt", 0.2, 3, true, V.Rsqrt), one("tanh", -2, 2, true, V.Tanh), one("logistic", -3, 3, true, V.Sigmoid),
	one("erf", -2, 2, true, V.Erf), one("sine", -3, 3, true, V.Sin), one("cosine", -3, 3, true, V.Cos), one("gelu", -3, 3, true, V.Gelu),
	one("sign", -2, 2, false, V.Sign), one("floor", -5, 5, false, V.Floor), one("ceil", -5, 5, false, V.Ceil), one("round", -5, 5, false, V.Round),
	one("is_finite", -5, 5, false, func(x V) V { return x.Log().IsFinite() }), one("not", -1, 1, false, func(x V) V { return x.MoreThan(0).Not() }),
	one("stop_gradient", -1, 1, false, func(x V) V { return x.StopGradient().Mul(x) }),
	one("relu", -1, 1, true, V.Relu),
	two("add", -2, 2, true, V.Add), two("subtract", -2, 2, true, V.Sub), two("multiply", -2, 2, true, V.Mul), two("divide", 0.5, 2, true, V.Div),
	two("maximum", -2, 2, true, V.Max), two("minimum", -2, 2, true, V.Min), two("power", 0.5, 2, true, V.Pow), two("remainder", 0.5, 9, false, V.Rem),
	two("compare", -2, 2, false, func(x, y V) V { return x.Less(y).Or(x.GreaterEq(y).And(x.Ne(y))).Xor(x.Eq(y)) }),
	two("greater", -2, 2, false, func(x, y V) V { return x.Greater(y).And(x.LessEq(y).Not()) }),
	two("select", -2, 2, true, func(x, y V) V { return x.MoreThan(0).Where(x.Mul(y), y) }),
	many("clamp", shapes(f(40)), true, func(b *trace.Builder, in []V) []V {
		return list(b.Emit("clamp", list(b.Fill(f(40), -0.5), in[0], b.Fill(f(40), 0.5)))[0])
	}),
	many("integers", shapes(i32(7, 9), i32(7, 9)), false, func(b *trace.Builder, in []V) []V {
		x, y := in[0].AddConst(-2), in[1]
		return list(x.Add(y).Mul(x).Sub(y.Neg()), x.Div(y), x.Rem(y), x.And(y).Or(x.Xor(y)), x.Shl(y), x.Shr(y), x.Max(y).Min(x).Abs().Sign(), x.Not(), x.Less(y), x.Ne(y), x.Float())
	}),
	many("unsigned", shapes(u32(33), u32(33)), false, func(b *trace.Builder, in []V) []V {
		x, y := in[0], in[1]
		return list(x.Add(y), x.Mul(y), x.Div(y), x.Rem(y), x.Less(y), x.Max(y), x.Float(), x.Shr(b.Fill(u32(33), 3)))
	}),
	many("convert", shapes(f(50)), false, func(b *trace.Builder, in []V) []V {
		return list(in[0].Scale(1e3).Int(), in[0].Scale(300).Convert(dtype.U8), in[0].Convert(dtype.Bool), in[0].Int().Float(), in[0].MoreThan(0).Float(), in[0].Scale(9).Convert(dtype.U32))
	}),
	many("broadcast", shapes(f(6), f(5, 1), f(1, 4, 1)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].Mul(in[1]).Add(in[2].BroadcastTo(3, 4, 1).Mul(in[0]).Sum(0, 1)), in[1].BroadcastInDim([]int{2, 5, 3}, []int{1, 2}))
	}),
	many("iota", shapes(f(4, 5)), true, func(b *trace.Builder, in []V) []V {
		return list(b.IotaOf(f(4, 5), 0).Mul(in[0]).Add(b.IotaOf(f(4, 5), 1)), b.IotaOf(i32(3, 2), 1))
	}),
	many("constant", shapes(f(2, 3)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].Mul(b.Constant(f(2, 3), []float64{1, 2, 3, 4, 5, 6})))
	}),
	many("reshape", shapes(f(4, 6)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].Reshape(2, -1).Scale(2).Reshape(3, 8))
	}),
	many("transpose", shapes(f(3, 4, 5, 2)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].Transpose(2, 0, 3, 1), in[0].T())
	}),
	many("slice", shapes(f(7, 9)), true, func(b *trace.Builder, in []V) []V {
		return list(b.Emit("slice", in, ir.Ints("start", 1, 2), ir.Ints("limit", 7, 9), ir.Ints("stride", 2, 3))[0])
	}),
	many("pad", shapes(f(4, 5), f()), true, func(b *trace.Builder, in []V) []V {
		return list(b.Emit("pad", in, ir.Ints("low", 2, -1), ir.Ints("high", -1, 3), ir.Ints("interior", 1, 2))[0],
			b.Emit("pad", in, ir.Ints("low", 0, -5), ir.Ints("high", 0, 1), ir.Ints("interior", 0, 0))[0])
	}),
	many("concatenate", shapes(f(2, 3), f(2, 1), f(2, 4)), true, func(b *trace.Builder, in []V) []V { return list(b.Concat(1, in...)) }),
	many("reverse", shapes(f(3, 4)), true, func(b *trace.Builder, in []V) []V { return list(in[0].Reverse(0, 1), in[0].Reverse(1)) }),
	many("dynamic_slice", shapes(f(6, 5), i32(2)), true, func(b *trace.Builder, in []V) []V { return list(in[0].DynamicSlice(in[1], 4, 3)) }),
	many("dynamic_update_slice", shapes(f(6, 5), f(4, 3), i32(2)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].DynamicUpdateSlice(in[1], in[2]))
	}),
	many("gather", shapes(f(3, 4, 2), i32(5)), true, func(b *trace.Builder, in []V) []V { return list(in[0].Take(1, in[1])) }),
	many("gather_batched", shapes(f(3, 4, 2), i32(3, 6)), true, func(b *trace.Builder, in []V) []V { return list(in[0].TakeBatched(1, 1, in[1])) }),
	many("scatter_add", shapes(f(4, 3), i32(6), f(6, 3)), true, func(b *trace.Builder, in []V) []V { return list(in[0].ScatterAdd(0, 0, in[1], in[2])) }),
	many("scatter_set", shapes(f(4, 3), i32(6), f(6, 3)), false, func(b *trace.Builder, in []V) []V { return list(in[0].ScatterSet(0, 0, in[1], in[2])) }),
	many("reduce_add", shapes(f(9, 16, 24)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].Sum(), in[0].Sum(2), in[0].Sum(0), in[0].Sum(0, 1), in[0].Sum(1), in[0].Sum(0, 2), in[0].Sum(1, 2))
	}),
	many("reduce_long", shapes(f(3, 20001)), false, func(b *trace.Builder, in []V) []V { return list(in[0].Sum(1), in[0].Sum(0), in[0].Sum()) }),
	many("reduce_max", shapes(f(5, 6)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].ReduceMax(1), in[0].ReduceMin(0), in[0].ReduceMax())
	}),
	many("reduce_multiply", shapes(f(4, 3)), true, func(b *trace.Builder, in []V) []V { return list(in[0].AddConst(2).Prod(1)) }),
	many("reduce_bool", shapes(f(6, 7)), false, func(b *trace.Builder, in []V) []V {
		return list(in[0].MoreThan(-0.9).All(1), in[0].MoreThan(0.9).Any(0), in[0].Scale(9).Int().Sum(1))
	}),
	many("variance", shapes(f(6, 7)), true, func(b *trace.Builder, in []V) []V { return list(in[0].Var(1, 0)) }),
	many("argmax", shapes(f(6, 7), i32(4, 5)), false, func(b *trace.Builder, in []V) []V { return list(in[0].ArgMax(0), in[0].ArgMax(1), in[1].ArgMax(1)) }),
	many("cumulative_sum", shapes(f(6, 7)), true, func(b *trace.Builder, in []V) []V { return list(in[0].CumSum(1), in[0].CumSum(0)) }),
	many("sort", shapes(f(6, 7)), true, func(b *trace.Builder, in []V) []V {
		x, i := in[0].Sort(1)
		y, j := in[0].Sort(0)
		return list(x.Mul(x), i, y, j)
	}),
	many("top_k", shapes(f(6, 17)), true, func(b *trace.Builder, in []V) []V { x, i := in[0].TopK(5); return list(x, i) }),
	many("symmetric_eigen", shapes(f(9, 9)), false, func(b *trace.Builder, in []V) []V {
		values, vectors := in[0].Add(in[0].T()).SymmetricEigen()
		return list(values, vectors)
	}),
	many("dot", shapes(f(5, 7), f(7, 20)), true, func(b *trace.Builder, in []V) []V { return list(in[0].MatMul(in[1])) }),
	many("dot_batched", shapes(f(2, 3, 5, 7), f(2, 3, 4, 7)), true, func(b *trace.Builder, in []V) []V { return list(in[0].MatMul(in[1].T())) }),
	many("dot_general", shapes(f(4, 2, 3, 5), f(3, 6, 4, 2)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].Dot(in[1], []int{1}, []int{3}, []int{0, 2}, []int{2, 0}))
	}),
	many("convolution", shapes(f(2, 7, 6, 4), f(6, 2, 3, 3)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].Conv(in[1], trace.Conv{Stride: [2]int{2, 1}, Pad: [4]int{1, 0, 2, 1}, Groups: 2}))
	}),
	many("conv_dilated", shapes(f(1, 9, 9, 3), f(4, 3, 3, 3)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].Conv(in[1], trace.Conv{Dilation: [2]int{2, 2}, Pad: [4]int{2, 2, 2, 2}}))
	}),
	many("conv_transpose", shapes(f(2, 4, 4, 5), f(5, 3, 4, 4)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].ConvTranspose(in[1], trace.Square(2, 1), 8, 8))
	}),
	many("max_pool", shapes(f(2, 7, 7, 3)), true, func(b *trace.Builder, in []V) []V { return list(in[0].MaxPool(3, 2, 1)) }),
	many("avg_pool", shapes(f(2, 7, 8, 3)), true, func(b *trace.Builder, in []V) []V { return list(in[0].AvgPool(3, 2, 1)) }),
	many("batch_norm", shapes(f(6, 3, 8), f(8), f(8)), true, func(b *trace.Builder, in []V) []V {
		y, m, v := in[0].BatchNorm(in[1], in[2], 1e-5, 1)
		return list(y, m, v)
	}),
	many("batch_norm_split", shapes(f(6, 3, 5), f(5), f(5)), true, func(b *trace.Builder, in []V) []V {
		y, m, v := in[0].BatchNorm(in[1], in[2], 1e-5, 2)
		return list(y, m, v)
	}),
	many("batch_norm_inference", shapes(f(6, 5), f(5), f(5)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].BatchNormInference(in[1], in[2], b.Fill(f(5), 0.3), b.Fill(f(5), 0.7), 1e-5))
	}),
	many("layer_norm", shapes(f(3, 4, 9), f(9), f(9)), true, func(b *trace.Builder, in []V) []V { return list(in[0].LayerNorm(in[1], in[2], 1e-6)) }),
	many("softmax", shapes(f(4, 11)), true, func(b *trace.Builder, in []V) []V { return list(in[0].Scale(3).Softmax(), in[0].LogSoftmax()) }),
	many("attention", shapes(f(2, 5, 3, 2, 4)), true, func(b *trace.Builder, in []V) []V {
		return b.Emit("scaled_dot_product_attention", []V{in[0].Scale(2)}, ir.Float("scale", 0.5))
	}),
	many("attention_long", shapes(f(1, 37, 3, 1, 3)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].ScaledDotProductAttention(1))
	}),
	many("attention_one", shapes(f(3, 1, 3, 1, 1)), true, func(b *trace.Builder, in []V) []V {
		return list(in[0].ScaledDotProductAttention(1))
	}),
	many("cross_entropy", shapes(f(5, 4), i32(5)), true, func(b *trace.Builder, in []V) []V { return list(in[0].CrossEntropy(in[1]).Mean()) }),
	many("l2_normalize", shapes(f(5, 8)), true, func(b *trace.Builder, in []V) []V { return list(in[0].L2Normalize(1)) }),
	many("mask_diagonal", shapes(f(5, 5)), true, func(b *trace.Builder, in []V) []V { return list(in[0].MaskDiagonal().Softmax()) }),
	many("one_hot", shapes(i32(6)), false, func(b *trace.Builder, in []V) []V { return list(in[0].OneHot(5)) }),
	many("resize", shapes(f(2, 3, 4, 2)), true, func(b *trace.Builder, in []V) []V { return list(in[0].ResizeBilinear(6, 5)) }),
	many("random", shapes(u32(2), i32()), false, func(b *trace.Builder, in []V) []V {
		k := in[0].FoldIn(in[1])
		return list(k, k.Uniform(-1, 2, 3, 5), k.Normal(7), k.Beta(0.4, 2, 11), k.Permutation(9), b.Emit("rng_bits", list(k), ir.OfShape("shape", u32(6)))[0])
	}),
	many("fused", shapes(f(4, 8, 24), f(24), f(4, 1, 1)), true, func(b *trace.Builder, in []V) []V {
		x := in[0].Mul(in[1]).Add(in[2]).Relu()
		s := x.Mean(2).ExpandDims(2)
		y := x.Sub(s).Square().Add(in[1].Exp())
		return list(y.Sum(), x, y.Sqrt())
	}),
}
