package fuse_test

import (
	"fmt"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/fuse"
	"github.com/fwlab/fw/core/pool"
)

// max(x*scale + offset, 0) with one scale and offset per channel.
func ExampleNew() {
	k, err := fuse.New(fuse.Spec{
		Dims: []int{2, 3},
		Inputs: []fuse.Input{
			{DType: dtype.F32, Strides: []int{3, 1}},
			{DType: dtype.F32, Strides: []int{0, 1}},
			{DType: dtype.F32, Strides: []int{0, 1}},
		},
		Code: []fuse.Instr{
			{Op: fuse.Multiply, A: fuse.In(0), B: fuse.In(1)},
			{Op: fuse.Add, A: fuse.Value(0), B: fuse.In(2)},
			{Op: fuse.Maximum, A: fuse.Value(1), B: fuse.F32(0)},
		},
		Outputs: []fuse.Arg{fuse.Value(2)},
	}, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	x, scale, offset := []float32{1, 2, 3, 4, 5, 6}, []float32{1, -1, 2}, []float32{0, 3, -8}
	y := make([]float32, 6)
	k.Bind(make([]float32, k.Scratch()), []buf.Buf{buf.OfF32(y)}, []buf.Buf{buf.OfF32(x), buf.OfF32(scale), buf.OfF32(offset)})
	p := pool.New(2)
	defer p.Close()
	k.Run(p)
	fmt.Println(y)
	// Output: [1 1 0 4 0 4]
}
