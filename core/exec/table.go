package exec

import (
	"fmt"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/attention"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/conv"
	"github.com/fwlab/fw/core/kernel/eigen"
	"github.com/fwlab/fw/core/kernel/gemm"
	"github.com/fwlab/fw/core/kernel/move"
	"github.com/fwlab/fw/core/kernel/norm"
	"github.com/fwlab/fw/core/kernel/pooling"
	"github.com/fwlab/fw/core/kernel/random"
	"github.com/fwlab/fw/core/kernel/reduce"
	"github.com/fwlab/fw/core/shape"
)

// kernels is a row per op that is neither elementwise nor an alias.
var kernels = map[string]func(b *binding) (kernel, error){
	"constant": func(b *binding) (kernel, error) {
		data, s := b.a.Data("value"), b.os[0]
		value := buf.New(len(data))
		copy(value.U8, data)
		if len(data) == s.Bytes() {
			k, err := move.NewCopy(s.DType, s.Size(), b.workers)
			return constant{k, value}, err
		}
		k, err := move.NewBroadcast(move.Broadcast{DType: s.DType, To: s.Dims}, b.workers)
		return constant{k, value}, err
	},
	"iota": func(b *binding) (kernel, error) {
		return move.NewIota(move.Iota{DType: b.os[0].DType, Dims: b.os[0].Dims, Axis: b.a.Int("dim", 0)}, b.workers)
	},
	"broadcast_in_dim": func(b *binding) (kernel, error) {
		return move.NewBroadcast(move.Broadcast{DType: b.is[0].DType, Dims: b.is[0].Dims, To: b.a.Ints("to"), Axes: b.a.Ints("dims")}, b.workers)
	},
	"transpose": func(b *binding) (kernel, error) {
		return move.NewTranspose(move.Transpose{DType: b.is[0].DType, Dims: b.is[0].Dims, Permutation: b.a.Ints("permutation")}, b.workers)
	},
	"slice": func(b *binding) (kernel, error) {
		return move.NewSlice(move.Slice{DType: b.is[0].DType, Dims: b.is[0].Dims, Start: b.a.Ints("start"), Limit: b.a.Ints("limit"), Stride: b.a.Ints("stride")}, b.workers)
	},
	"pad": func(b *binding) (kernel, error) {
		return move.NewPad(move.Pad{DType: b.is[0].DType, Dims: b.is[0].Dims, Low: b.a.Ints("low"), High: b.a.Ints("high"), Interior: b.a.Ints("interior")}, b.workers)
	},
	"concatenate": func(b *binding) (kernel, error) {
		s := move.Concatenate{DType: b.os[0].DType, Axis: b.a.Int("dim", 0)}
		for _, x := range b.is {
			s.Operands = append(s.Operands, x.Dims)
		}
		return move.NewConcatenate(s, b.workers)
	},
	"reverse": func(b *binding) (kernel, error) {
		return move.NewReverse(move.Reverse{DType: b.is[0].DType, Dims: b.is[0].Dims, Axes: b.a.Ints("dims")}, b.workers)
	},
	"dynamic_slice": func(b *binding) (kernel, error) {
		return move.NewDynamicSlice(move.DynamicSlice{DType: b.is[0].DType, Dims: b.is[0].Dims, Sizes: b.os[0].Dims}, b.workers)
	},
	"dynamic_update_slice": func(b *binding) (kernel, error) {
		return move.NewDynamicUpdateSlice(move.DynamicSlice{DType: b.is[0].DType, Dims: b.is[0].Dims, Sizes: b.is[1].Dims}, b.workers)
	},
	"gather": func(b *binding) (kernel, error) { return move.NewGather(b.gather(), b.workers) },
	"scatter": func(b *binding) (kernel, error) {
		return move.NewScatter(move.Scatter{Gather: b.gather(), Set: b.a.Str("kind") == "set"}, b.workers)
	},
	"sort": func(b *binding) (kernel, error) {
		return move.NewSort(move.Sort{DType: b.is[0].DType, Dims: b.is[0].Dims, Axis: b.a.Int("dim", 0), Descending: b.a.Bool("descending")}, b.workers)
	},
	"top_k": func(b *binding) (kernel, error) {
		return move.NewTopK(move.TopK{DType: b.is[0].DType, Dims: b.is[0].Dims, K: b.a.Int("k", 1)}, b.workers)
	},

	"reduce": func(b *binding) (kernel, error) {
		kind, ok := reduce.ParseKind(b.a.Str("kind"))
		if !ok {
			return nil, fmt.Errorf("unknown kind %q", b.a.Str("kind"))
		}
		return reduce.New(reduce.Spec{DType: b.is[0].DType, Dims: b.is[0].Dims, Axes: b.a.Ints("dims"), Kind: kind}, b.workers)
	},
	"argmax":         func(b *binding) (kernel, error) { return reduce.NewArgMax(b.along(), b.workers) },
	"cumulative_sum": func(b *binding) (kernel, error) { return reduce.NewCumulativeSum(b.along(), b.workers) },

	"symmetric_eigen": func(b *binding) (kernel, error) { return eigen.New(b.is[0].Dims[0]) },
	"dot_general": func(b *binding) (kernel, error) {
		s := b.dotSpec()
		k, err := gemm.NewDot(s, b.workers)
		return dot{k, s.Pairs}, err
	},
	"convolution": func(b *binding) (kernel, error) {
		s, err := b.convSpec(b.is[0], b.is[1])
		if err != nil {
			return nil, err
		}
		k, err := conv.New(s, b.workers)
		return convolution{k}, err
	},
	"conv_transpose": func(b *binding) (kernel, error) {
		s, err := b.convSpec(b.os[0], b.is[1])
		if err != nil {
			return nil, err
		}
		k, err := conv.NewInputGrad(s, b.workers)
		return convTranspose{k}, err
	},
	"conv_weight_grad": func(b *binding) (kernel, error) {
		s, err := b.convSpec(b.is[0], b.os[0])
		if err != nil {
			return nil, err
		}
		k, err := conv.NewWeightGrad(s, b.workers)
		return convWeightGrad{k}, err
	},
	"reduce_window": func(b *binding) (kernel, error) {
		w := b.window()
		if b.a.Str("kind") == "add" {
			w.Kind = pooling.Add
		}
		return pooling.NewReduceWindow(w, b.workers)
	},
	"select_and_scatter": func(b *binding) (kernel, error) { return pooling.NewSelectAndScatter(b.window(), b.workers) },

	"batch_norm_training":  func(b *binding) (kernel, error) { return norm.NewBatchNorm(b.batchNorm(), b.workers) },
	"batch_norm_inference": func(b *binding) (kernel, error) { return norm.NewBatchNormInference(b.batchNorm(), b.workers) },
	"batch_norm_grad":      func(b *binding) (kernel, error) { return norm.NewBatchNormGrad(b.batchNorm(), b.workers) },
	"layer_norm":           func(b *binding) (kernel, error) { return norm.NewLayerNorm(b.layerNorm(), b.workers) },
	"layer_norm_grad":      func(b *binding) (kernel, error) { return norm.NewLayerNormGrad(b.layerNorm(), b.workers) },
	"softmax":              func(b *binding) (kernel, error) { return b.softmax(false, false) },
	"log_softmax":          func(b *binding) (kernel, error) { return b.softmax(true, false) },
	"softmax_grad":         func(b *binding) (kernel, error) { return b.softmax(false, true) },
	"log_softmax_grad":     func(b *binding) (kernel, error) { return b.softmax(true, true) },

	"scaled_dot_product_attention": func(b *binding) (kernel, error) {
		return attention.New(b.attention(), b.workers)
	},
	"scaled_dot_product_attention_grad": func(b *binding) (kernel, error) {
		return attention.NewGrad(b.attention(), b.workers)
	},

	"rng_bits": func(b *binding) (kernel, error) { return b.random(random.Spec{Kind: random.Bits}) },
	"rng_uniform": func(b *binding) (kernel, error) {
		return b.random(random.Spec{Kind: random.Uniform, Low: float32(b.a.Float("low", 0)), High: float32(b.a.Float("high", 1))})
	},
	"rng_normal": func(b *binding) (kernel, error) { return b.random(random.Spec{Kind: random.Normal}) },
	"rng_beta": func(b *binding) (kernel, error) {
		return b.random(random.Spec{Kind: random.Beta, A: b.a.Float("a", 1), B: b.a.Float("b", 1)})
	},
	"rng_permutation": func(b *binding) (kernel, error) { return b.random(random.Spec{Kind: random.Permutation}) },
	"rng_fold_in":     func(b *binding) (kernel, error) { return random.NewFoldIn(b.is[1].DType, b.workers) },
}

func (b *binding) gather() move.Gather {
	return move.Gather{DType: b.is[0].DType, Dims: b.is[0].Dims, Indices: b.is[1].Dims, Axis: b.a.Int("axis", 0), BatchDims: b.a.Int("batch_dims", 0)}
}

func (b *binding) dotSpec() gemm.DotSpec {
	return gemm.DotSpec{Lhs: b.is[0].Dims, Rhs: b.is[1].Dims, LhsBatch: b.a.Ints("lhs_batch"), RhsBatch: b.a.Ints("rhs_batch"),
		LhsContract: b.a.Ints("lhs_contract"), RhsContract: b.a.Ints("rhs_contract"), Pairs: b.is[0].DType == dtype.BF16, Half: b.os[0].DType == dtype.BF16, Epilogue: b.then}
}

func (b *binding) along() reduce.Along {
	return reduce.Along{DType: b.is[0].DType, Dims: b.is[0].Dims, Axis: b.a.Int("dim", 0)}
}

func (b *binding) window() pooling.Window {
	w := pooling.Window{Dims: b.is[0].Dims}
	copy(w.Window[:], b.a.Ints("window"))
	copy(w.Stride[:], b.a.Ints("stride"))
	copy(w.Padding[:], b.a.Ints("padding"))
	return w
}

func (b *binding) batchNorm() norm.BatchNorm {
	return norm.BatchNorm{Dims: b.is[0].Dims, Groups: b.a.Int("groups", 1), Epsilon: float32(b.a.Float("epsilon", 0)),
		Relu: b.a.Bool("relu"), Residual: b.a.Bool("residual"), Recompute: b.a.Bool("recompute"), Halves: b.halves()}
}

func (b *binding) layerNorm() norm.LayerNorm {
	return norm.LayerNorm{Dims: b.is[0].Dims, Epsilon: float32(b.a.Float("epsilon", 0)), Halves: b.halves()}
}

// halves says which operands and results are bfloat16.
func (b *binding) halves() (h norm.Halves) {
	mark := func(bits *uint8, list []shape.Shape) {
		for i, s := range list {
			if s.DType == dtype.BF16 {
				*bits |= 1 << i
			}
		}
	}
	mark(&h.In, b.is)
	mark(&h.Out, b.os)
	return h
}

func (b *binding) softmax(log, grad bool) (kernel, error) {
	return norm.NewSoftmax(norm.Softmax{Dims: b.is[0].Dims, Log: log, Grad: grad}, b.workers)
}

func (b *binding) attention() attention.Spec {
	d := b.is[0].Dims
	return attention.Spec{N: d[0], T: d[1], Heads: d[3], D: d[4], Scale: float32(b.a.Float("scale", 0))}
}

func (b *binding) random(s random.Spec) (kernel, error) {
	s.N = b.os[0].Size()
	return random.New(s, b.workers)
}
