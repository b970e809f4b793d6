package exec

import (
	"errors"
	"fmt"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel"
)

// binders is a row per op that is neither elementwise nor an alias.
var binders = map[string]func(b *binding) (kernel.Kernel, error){
	"constant": func(b *binding) (kernel.Kernel, error) {
		// The plan lends a constant memory while it lives, so it is written in each run.
		data, n := b.a.Data("value"), b.os[0].DType.Size()
		full := make([]byte, b.os[0].Bytes())
		for i := 0; i < len(full); i += max(n, len(data)) {
			copy(full[i:], data)
		}
		return kernel.Copy(b.out[0].U8(), full), nil
	},
	"iota": func(b *binding) (kernel.Kernel, error) {
		dims, dim := b.os[0].Dims, b.a.Int("dim", 0)
		line := make([]uint32, dims[dim])
		src := kernel.NewBuffer(4 * len(line))
		for i := range line {
			if b.os[0].DType == dtype.F32 {
				src.F32()[i] = float32(i)
			} else {
				src.U32()[i] = uint32(i)
			}
		}
		return kernel.Broadcast(b.out[0].U32(), src.U32(), []int{dims[dim]}, dims, []int{dim}), nil
	},
	"broadcast_in_dim": func(b *binding) (kernel.Kernel, error) {
		to, at := b.a.Ints("to"), b.a.Ints("dims")
		return b.bySize(func(out []uint32, in func(int) []uint32) kernel.Kernel {
			return kernel.Broadcast(out, in(0), b.is[0].Dims, to, at)
		}, func(out []uint8, in func(int) []uint8) kernel.Kernel {
			return kernel.Broadcast(out, in(0), b.is[0].Dims, to, at)
		})
	},
	"transpose": func(b *binding) (kernel.Kernel, error) {
		perm := b.a.Ints("permutation")
		return b.bySize(func(out []uint32, in func(int) []uint32) kernel.Kernel {
			return kernel.Transpose(out, in(0), b.is[0].Dims, perm)
		}, func(out []uint8, in func(int) []uint8) kernel.Kernel {
			return kernel.Transpose(out, in(0), b.is[0].Dims, perm)
		})
	},
	"slice": func(b *binding) (kernel.Kernel, error) {
		start, stride := b.a.Ints("start"), b.a.Ints("stride")
		return b.bySize(func(out []uint32, in func(int) []uint32) kernel.Kernel {
			return kernel.Slice(out, in(0), b.is[0].Dims, b.os[0].Dims, start, stride)
		}, func(out []uint8, in func(int) []uint8) kernel.Kernel {
			return kernel.Slice(out, in(0), b.is[0].Dims, b.os[0].Dims, start, stride)
		})
	},
	"pad": func(b *binding) (kernel.Kernel, error) {
		low, interior := b.a.Ints("low"), b.a.Ints("interior")
		return b.bySize(func(out []uint32, in func(int) []uint32) kernel.Kernel {
			return kernel.Pad(out, in(0), in(1), b.is[0].Dims, b.os[0].Dims, low, interior)
		}, func(out []uint8, in func(int) []uint8) kernel.Kernel {
			return kernel.Pad(out, in(0), in(1), b.is[0].Dims, b.os[0].Dims, low, interior)
		})
	},
	"concatenate": func(b *binding) (kernel.Kernel, error) {
		dims := make([][]int, len(b.is))
		for i, s := range b.is {
			dims[i] = s.Dims
		}
		return b.bySize(func(out []uint32, in func(int) []uint32) kernel.Kernel {
			return kernel.Concatenate(out, all(len(b.is), in), dims, b.os[0].Dims, b.a.Int("dim", 0))
		}, func(out []uint8, in func(int) []uint8) kernel.Kernel {
			return kernel.Concatenate(out, all(len(b.is), in), dims, b.os[0].Dims, b.a.Int("dim", 0))
		})
	},
	"reverse": func(b *binding) (kernel.Kernel, error) {
		return b.bySize(func(out []uint32, in func(int) []uint32) kernel.Kernel {
			return kernel.Reverse(out, in(0), b.is[0].Dims, b.a.Ints("dims"))
		}, func(out []uint8, in func(int) []uint8) kernel.Kernel {
			return kernel.Reverse(out, in(0), b.is[0].Dims, b.a.Ints("dims"))
		})
	},
	"dynamic_slice": func(b *binding) (kernel.Kernel, error) {
		return b.bySize(func(out []uint32, in func(int) []uint32) kernel.Kernel {
			return kernel.DynamicSlice(out, in(0), b.in[1].I32(), b.is[0].Dims, b.os[0].Dims)
		}, func(out []uint8, in func(int) []uint8) kernel.Kernel {
			return kernel.DynamicSlice(out, in(0), b.in[1].I32(), b.is[0].Dims, b.os[0].Dims)
		})
	},
	"dynamic_update_slice": func(b *binding) (kernel.Kernel, error) {
		return b.bySize(func(out []uint32, in func(int) []uint32) kernel.Kernel {
			return kernel.DynamicUpdateSlice(out, in(0), in(1), b.in[2].I32(), b.is[0].Dims, b.is[1].Dims)
		}, func(out []uint8, in func(int) []uint8) kernel.Kernel {
			return kernel.DynamicUpdateSlice(out, in(0), in(1), b.in[2].I32(), b.is[0].Dims, b.is[1].Dims)
		})
	},
	"gather": func(b *binding) (kernel.Kernel, error) {
		g := b.indexed(b.is[0], b.is[1])
		return b.bySize(func(out []uint32, in func(int) []uint32) kernel.Kernel {
			return kernel.Gather(out, in(0), b.in[1].I32(), g)
		}, func(out []uint8, in func(int) []uint8) kernel.Kernel {
			return kernel.Gather(out, in(0), b.in[1].I32(), g)
		})
	},
	"scatter": func(b *binding) (kernel.Kernel, error) {
		g := b.indexed(b.is[0], b.is[1])
		idx := b.in[1].I32()
		if b.a.Str("kind") == "set" {
			return b.bySize(func(out []uint32, in func(int) []uint32) kernel.Kernel {
				return kernel.Scatter(out, in(0), in(2), idx, g, kernel.Set[uint32])
			}, func(out []uint8, in func(int) []uint8) kernel.Kernel {
				return kernel.Scatter(out, in(0), in(2), idx, g, kernel.Set[uint8])
			})
		}
		switch b.os[0].DType {
		case dtype.F32:
			return kernel.Scatter(b.of32(0), b.f32(0), b.f32(2), idx, g, kernel.AddF32), nil
		case dtype.I32, dtype.U32:
			return kernel.Scatter(b.out[0].I32(), b.in[0].I32(), b.in[2].I32(), idx, g, kernel.AddI32), nil
		}
		return nil, fmt.Errorf("no addition of %s", b.os[0])
	},
	"reduce": func(b *binding) (kernel.Kernel, error) {
		return kernel.Reduce(b.out[0], b.in[0], b.is[0], b.a.Ints("dims"), b.a.Str("kind"))
	},
	"argmax": func(b *binding) (kernel.Kernel, error) {
		return kernel.ArgMax(b.out[0].I32(), b.in[0], b.is[0], b.a.Int("dim", 0))
	},
	"cumulative_sum": func(b *binding) (kernel.Kernel, error) {
		return kernel.CumulativeSum(b.out[0], b.in[0], b.is[0], b.a.Int("dim", 0))
	},
	"sort": func(b *binding) (kernel.Kernel, error) {
		return kernel.Sort(b.out[0], b.out[1], b.in[0], b.is[0], b.a.Int("dim", 0), b.a.Bool("descending"))
	},
	"top_k": func(b *binding) (kernel.Kernel, error) {
		rows, c := rowsCols(b.is[0])
		return kernel.TopK(b.out[0].U8(), b.out[1].U8(), b.in[0], rows, c, b.a.Int("k", 1), b.is[0].DType)
	},
	"dot_general": (*binding).matmul,

	"convolution": func(b *binding) (kernel.Kernel, error) {
		s, err := b.conv(b.is[0], b.is[1], b.os[0])
		k := kernel.NewConv(s)
		b.needs(k.Scratch(b.ex.pool.Workers()), func(t []float32) { k.Bind(t, b.of32(0), b.f32(0), b.f32(1)) })
		return k, err
	},
	"conv_transpose": func(b *binding) (kernel.Kernel, error) {
		s, err := b.conv(b.os[0], b.is[1], b.is[0])
		k := kernel.NewConvTranspose(s)
		b.needs(k.Scratch(b.ex.pool.Workers()), func(t []float32) { k.Bind(t, b.of32(0), b.f32(0), b.f32(1)) })
		return k, err
	},
	"conv_weight_grad": func(b *binding) (kernel.Kernel, error) {
		s, err := b.conv(b.is[0], b.os[0], b.is[1])
		k := kernel.NewConvWeightGrad(s)
		b.needs(k.Scratch(b.ex.pool.Workers()), func(t []float32) { k.Bind(t, b.of32(0), b.f32(0), b.f32(1)) })
		return k, err
	},
	"reduce_window": func(b *binding) (kernel.Kernel, error) {
		x, y := b.is[0].Dims, b.os[0].Dims
		return kernel.ReduceWindow(b.of32(0), b.f32(0), x[0], x[1], x[2], x[3], y[1], y[2], b.a.Ints("window"), b.a.Ints("stride"), b.a.Ints("padding"), b.a.Str("kind") == "maximum"), nil
	},
	"select_and_scatter": func(b *binding) (kernel.Kernel, error) {
		x, y := b.is[0].Dims, b.is[1].Dims
		return kernel.SelectAndScatter(b.of32(0), b.f32(0), b.f32(1), x[0], x[1], x[2], x[3], y[1], y[2], b.a.Ints("window"), b.a.Ints("stride"), b.a.Ints("padding")), nil
	},
	"batch_norm_training": func(b *binding) (kernel.Kernel, error) {
		rows, c := rowsCols(b.is[0])
		return kernel.BatchNorm(b.of32(0), b.of32(1), b.of32(2), b.f32(0), b.f32(1), b.f32(2), rows, c, b.a.Int("groups", 1), b.a.Float("epsilon", 0)), nil
	},
	"batch_norm_inference": func(b *binding) (kernel.Kernel, error) {
		rows, c := rowsCols(b.is[0])
		return kernel.BatchNormInference(b.of32(0), b.f32(0), b.f32(1), b.f32(2), b.f32(3), b.f32(4), rows, c, b.a.Float("epsilon", 0)), nil
	},
	"batch_norm_grad": func(b *binding) (kernel.Kernel, error) {
		rows, c := rowsCols(b.is[0])
		return kernel.BatchNormGrad(b.of32(0), b.of32(1), b.of32(2), b.f32(0), b.f32(1), b.f32(2), b.f32(3), b.f32(4), rows, c, b.a.Int("groups", 1), b.a.Float("epsilon", 0)), nil
	},
	"layer_norm": func(b *binding) (kernel.Kernel, error) {
		rows, c := rowsCols(b.is[0])
		return kernel.LayerNorm(b.of32(0), b.of32(1), b.of32(2), b.f32(0), b.f32(1), b.f32(2), rows, c, b.a.Float("epsilon", 0)), nil
	},
	"layer_norm_grad": func(b *binding) (kernel.Kernel, error) {
		rows, c := rowsCols(b.is[0])
		return kernel.LayerNormGrad(b.of32(0), b.of32(1), b.of32(2), b.f32(0), b.f32(1), b.f32(2), b.f32(3), b.f32(4), rows, c), nil
	},
	"softmax":          softmax(false),
	"log_softmax":      softmax(true),
	"softmax_grad":     softmaxGrad(false),
	"log_softmax_grad": softmaxGrad(true),

	"rng_bits": func(b *binding) (kernel.Kernel, error) {
		return kernel.RandomBits(b.out[0].U32(), b.in[0].U32()), nil
	},
	"rng_uniform": func(b *binding) (kernel.Kernel, error) {
		return kernel.RandomUniform(b.of32(0), b.in[0].U32(), b.a.Float("low", 0), b.a.Float("high", 1)), nil
	},
	"rng_normal": func(b *binding) (kernel.Kernel, error) {
		return kernel.RandomNormal(b.of32(0), b.in[0].U32()), nil
	},
	"rng_permutation": func(b *binding) (kernel.Kernel, error) {
		return kernel.RandomPermutation(b.out[0].I32(), b.in[0].U32()), nil
	},
	"rng_fold_in": func(b *binding) (kernel.Kernel, error) {
		return kernel.FoldIn(b.out[0].U32(), b.in[0].U32(), b.in[1].U32()), nil
	},
	"eval": func(b *binding) (kernel.Kernel, error) {
		if b.ex.eval == nil {
			return nil, errors.New("no plugin can be called here")
		}
		return &evalKernel{b, b.ex}, nil
	},
}

func all[T any](n int, in func(int) []T) [][]T {
	out := make([][]T, n)
	for i := range out {
		out[i] = in(i)
	}
	return out
}

func softmax(log bool) func(b *binding) (kernel.Kernel, error) {
	return func(b *binding) (kernel.Kernel, error) {
		rows, c := rowsCols(b.is[0])
		return kernel.Softmax(b.of32(0), b.f32(0), rows, c, log), nil
	}
}

func softmaxGrad(log bool) func(b *binding) (kernel.Kernel, error) {
	return func(b *binding) (kernel.Kernel, error) {
		rows, c := rowsCols(b.is[0])
		return kernel.SoftmaxGrad(b.of32(0), b.f32(0), b.f32(1), rows, c, log), nil
	}
}
