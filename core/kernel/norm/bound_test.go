package norm

import (
	"testing"
	"time"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
)

// reading is a pass over memory that does nothing else.
type reading struct {
	x    []float32
	sums [1 << 10]float32
}

const readFloats = 1 << 14

func (r *reading) Chunk(i, _ int) {
	r.sums[i%len(r.sums)] = vec.Sum(r.x[i*readFloats : (i+1)*readFloats])
}

// BenchmarkBatchNormBound prints the least time that a rectified batch
// normalisation of 128 images of 32x32x64 needs at the rate at which the same
// workers read memory, over the time that it takes. Passes that it cannot do
// without: forward x twice, y once, and the residual; backward x and dy twice, dx
// once, and with a residual the output and the residual's gradient twice.
func BenchmarkBatchNormBound(b *testing.B) {
	dims, c := []int{1 << 17, 64}, 64
	n := product(dims)
	x, dy, res, y := random(1, n, 0, 1), random(2, n, 0, 1), random(3, n, 0, 1), buf.New(4*n)
	scale, offset := random(4, c, 1, 0.1), random(5, c, 0, 0.1)
	mean, variance, dscale, doffset := buf.New(4*c), buf.New(4*c), buf.New(4*c), buf.New(4*c)
	plain, residual := BatchNorm{Dims: dims, Epsilon: 1e-5, Relu: true}, BatchNorm{Dims: dims, Epsilon: 1e-5, Relu: true, Residual: true}
	again := plain
	again.Recompute = true
	p := pool.New(0)
	defer p.Close()
	for _, c := range []struct {
		name    string
		passes  int
		plan    func() (kernel, error)
		out, in []buf.Buf
	}{
		{"forward", 3, func() (kernel, error) { return NewBatchNorm(plain, p.Workers()) }, []buf.Buf{y, mean, variance}, []buf.Buf{x, scale, offset}},
		{"forward+residual", 4, func() (kernel, error) { return NewBatchNorm(residual, p.Workers()) }, []buf.Buf{y, mean, variance}, []buf.Buf{x, scale, offset, res}},
		{"grad", 5, func() (kernel, error) { return NewBatchNormGrad(again, p.Workers()) }, []buf.Buf{dy, dscale, doffset}, []buf.Buf{x, scale, mean, variance, dy, offset}},
		{"grad+residual", 7, func() (kernel, error) { return NewBatchNormGrad(residual, p.Workers()) }, []buf.Buf{x, dscale, doffset, dy}, []buf.Buf{x, scale, mean, variance, dy, y}},
	} {
		b.Run(c.name, func(b *testing.B) {
			k, err := c.plan()
			if err != nil {
				b.Fatal(err)
			}
			k.Bind(make([]float32, k.Scratch()), c.out, c.in)
			r := &reading{x: append(append(append([]float32{}, x.F32...), dy.F32...), res.F32...)}
			var read, took time.Duration
			for b.Loop() {
				start := time.Now()
				p.Run(len(r.x)/readFloats, r)
				middle := time.Now()
				k.Run(p)
				read, took = read+middle.Sub(start), took+time.Since(middle)
			}
			b.ReportMetric(read.Seconds()*float64(c.passes)/3/took.Seconds(), "bound/time")
			b.ReportMetric(float64(4*n*c.passes*b.N)/1e9/took.Seconds(), "GB/s")
		})
	}
}
