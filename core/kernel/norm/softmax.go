package norm

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
)

// Softmax is a softmax, its logarithm or one of their gradients over the last dimension.
type Softmax struct {
	Dims []int
	Log  bool // log_softmax
	Grad bool // the gradient, from the output y and its gradient dy
}

// SoftmaxKernel runs one of
//
//	softmax:          y = e^(x-max) / sum(e^(x-max))
//	log_softmax:      y = x - max - log(sum(e^(x-max)))
//	softmax_grad:     dx = y * (dy - sum(y*dy))
//	log_softmax_grad: dx = dy - e^y * sum(dy)
type SoftmaxKernel struct {
	grid
	log, grad bool
	a, b, out []float32
}

// NewSoftmax plans softmax, log_softmax, softmax_grad or log_softmax_grad.
func NewSoftmax(s Softmax, workers int) (*SoftmaxKernel, error) {
	g, err := rowGrid(s.Dims)
	if err != nil {
		return nil, fmt.Errorf("softmax: %w", err)
	}
	return &SoftmaxKernel{grid: g, log: s.Log, grad: s.Grad}, nil
}

// Scratch is how many float32s Bind needs.
func (k *SoftmaxKernel) Scratch() int { return 0 }

// Bind gives the kernel its memory: input x, or y and dy for a gradient. The
// output may be any of them.
func (k *SoftmaxKernel) Bind(scratch []float32, out, in []buf.Buf) {
	n := k.rows * k.c
	sizes := []int{n}
	if k.grad {
		sizes = []int{n, n}
	}
	checkBind("softmax", Halves{}, scratch, 0, out, in, []int{n}, sizes)
	k.out, k.a = out[0].F32[:n], in[0].F32[:n]
	if k.grad {
		k.b = in[1].F32[:n]
	}
}

// Run computes the output.
func (k *SoftmaxKernel) Run(p *pool.Pool) { p.Run(k.chunks, k) }

// Chunk implements pool.Task.
func (k *SoftmaxKernel) Chunk(i, worker int) {
	_, row, n := k.at(i)
	for r := row; r < row+n; r++ {
		lo, hi := r*k.c, (r+1)*k.c
		out, a := k.out[lo:hi], k.a[lo:hi]
		switch {
		case k.grad && k.log:
			dy := k.b[lo:hi]
			vec.SubExpMul(out, dy, vec.Sum(dy), a)
		case k.grad:
			dy := k.b[lo:hi]
			vec.SubMul(out, dy, vec.Dot(a, dy), a)
		case k.log:
			m := vec.MaxOf(a)
			s := float32(math.Log(float64(vec.SumExp(a, m))))
			vec.AddScalar(out, a, -m)
			vec.AddScalar(out, out, -s)
		default:
			s := vec.ExpSum(out, a, vec.MaxOf(a))
			vec.MulScalar(out, out, 1/s)
		}
	}
}
