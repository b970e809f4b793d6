package fuse

import (
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
)

func f32(strides ...int) Input { return Input{dtype.F32, strides} }

// reluGrad is select(x > 0, dy, 0).
func reluGrad(rows, c int) Spec {
	return Spec{Dims: []int{rows, c}, Inputs: []Input{f32(c, 1), f32(c, 1)},
		Code:    []Instr{{Op: GT, A: In(0), B: F32(0)}, {Op: Select, A: Value(0), B: In(1), C: F32(0)}},
		Outputs: []Arg{Value(1)}}
}

// affineRelu is max(x*scale[c] + offset[c] + y, 0).
func affineRelu(rows, c int) Spec {
	return Spec{Dims: []int{rows, c}, Inputs: []Input{f32(c, 1), f32(0, 1), f32(0, 1), f32(c, 1)},
		Code: []Instr{{Op: Multiply, A: In(0), B: In(1)}, {Op: Add, A: Value(0), B: In(2)}, {Op: Add, A: Value(1), B: In(3)},
			{Op: Maximum, A: Value(2), B: F32(0)}},
		Outputs: []Arg{Value(3)}}
}

// gelu is x/2 (1 + erf(x/sqrt 2)).
func gelu(n int) Spec {
	return Spec{Dims: []int{n}, Inputs: []Input{f32(1)},
		Code: []Instr{{Op: Multiply, A: In(0), B: F32(0.70710678)}, {Op: Erf, A: Value(0)}, {Op: Add, A: Value(1), B: F32(1)},
			{Op: Multiply, A: In(0), B: Value(2)}, {Op: Multiply, A: Value(3), B: F32(0.5)}},
		Outputs: []Arg{Value(4)}}
}

// adamw updates a parameter and both moments.
func adamw(n int) Spec {
	return Spec{Dims: []int{n}, Inputs: []Input{f32(1), f32(1), f32(1), f32(1), f32(0)},
		Code: []Instr{
			{Op: Multiply, A: In(1), B: F32(0.9)}, {Op: Multiply, A: In(3), B: F32(0.1)}, {Op: Add, A: Value(0), B: Value(1)},
			{Op: Multiply, A: In(2), B: F32(0.999)}, {Op: Multiply, A: In(3), B: In(3)}, {Op: Multiply, A: Value(4), B: F32(0.001)}, {Op: Add, A: Value(3), B: Value(5)},
			{Op: Sqrt, A: Value(6)}, {Op: Add, A: Value(7), B: F32(1e-8)}, {Op: Divide, A: Value(2), B: Value(8)},
			{Op: Multiply, A: In(0), B: F32(0.01)}, {Op: Add, A: Value(9), B: Value(10)}, {Op: Multiply, A: Value(11), B: In(4)}, {Op: Subtract, A: In(0), B: Value(12)}},
		Outputs: []Arg{Value(13), Value(2), Value(6)}}
}

func BenchmarkFuse(b *testing.B) {
	const big, small = 1 << 22, 1 << 14
	for _, c := range []struct {
		name    string
		s       Spec
		streams int64
		n       int64
		workers int
		alias   map[int]int
	}{
		{"relu-grad/16MB/1", reluGrad(big/64, 64), 3, big, 1, nil},
		{"relu-grad/16MB/2", reluGrad(big/64, 64), 3, big, 2, nil},
		{"relu-grad/64KB/1", reluGrad(small/64, 64), 3, small, 1, nil},
		{"affine-add-relu/16MB/2", affineRelu(big/64, 64), 3, big, 2, nil},
		{"affine-add-relu/64KB/1", affineRelu(small/64, 64), 3, small, 1, nil},
		{"gelu/16MB/2", gelu(big), 2, big, 2, nil},
		{"adamw/16MB/2", adamw(big), 7, big, 2, map[int]int{0: 0, 1: 1, 2: 2}},
		{"adamw/64KB/1", adamw(small), 7, small, 1, map[int]int{0: 0, 1: 1, 2: 2}},
	} {
		b.Run(c.name, func(b *testing.B) {
			in := allocate(c.s, 1)
			k, err := New(c.s, c.workers)
			if err != nil {
				b.Fatal(err)
			}
			out := make([]buf.Buf, len(c.s.Outputs))
			for i := range out {
				out[i] = buf.Make(dtype.F32, k.n)
				if j, ok := c.alias[i]; ok {
					out[i] = in[j]
				}
			}
			p := pool.New(c.workers)
			defer p.Close()
			k.Bind(make([]float32, k.Scratch()), out, in)
			b.SetBytes(4 * c.streams * c.n)
			for b.Loop() {
				k.Run(p)
			}
		})
	}
}
