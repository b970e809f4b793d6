package norm_test

import (
	"fmt"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/norm"
	"github.com/fwlab/fw/core/pool"
)

// A batch of two rows of two features, followed by relu in the same pass.
func ExampleNewBatchNorm() {
	k, err := norm.NewBatchNorm(norm.BatchNorm{Dims: []int{2, 2}, Relu: true}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	x, scale, offset := []float32{1, 10, 3, 30}, []float32{1, 1}, []float32{0, 5}
	y, mean, variance := make([]float32, 4), make([]float32, 2), make([]float32, 2)
	k.Bind(make([]float32, k.Scratch()), []buf.Buf{buf.OfF32(y), buf.OfF32(mean), buf.OfF32(variance)},
		[]buf.Buf{buf.OfF32(x), buf.OfF32(scale), buf.OfF32(offset)})
	p := pool.New(1)
	defer p.Close()
	k.Run(p)
	fmt.Println(y, mean, variance)
	// Output: [0 4 1 6] [2 20] [1 100]
}
