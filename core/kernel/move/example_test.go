package move_test

import (
	"fmt"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/move"
	"github.com/fwlab/fw/core/pool"
)

func ExampleNewTranspose() {
	k, err := move.NewTranspose(move.Transpose{DType: dtype.I32, Dims: []int{2, 3}, Permutation: []int{1, 0}}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	x, y := []int32{1, 2, 3, 4, 5, 6}, make([]int32, 6)
	k.Bind(nil, []buf.Buf{buf.OfI32(y)}, []buf.Buf{buf.OfI32(x)})
	p := pool.New(1)
	defer p.Close()
	k.Run(p)
	fmt.Println(y)
	// Output: [1 4 2 5 3 6]
}
