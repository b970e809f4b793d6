package norm

import (
	"fmt"
	"math"
	"testing"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
)

type kernel interface {
	Scratch() int
	Bind(scratch []float32, out, in []buf.Buf)
	Run(p *pool.Pool)
}

// random is normal numbers of the given mean and spread.
func random(seed uint64, n int, mean, std float64) buf.Buf {
	s, b := rng.New(seed).Stream(), buf.New(4*n)
	for i := range b.F32 {
		b.F32[i] = float32(mean + std*s.Normal())
	}
	return b
}

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// run executes a kernel on 1, 2 and 3 workers and in place, expects the same bits, and returns the outputs.
func run(t *testing.T, name string, plan func(workers int) (kernel, error), sizes []int, in []buf.Buf, inPlace int) [][]float32 {
	t.Helper()
	var first [][]float32
	for _, workers := range []int{1, 2, 3, -1} {
		k, err := plan(max(workers, 1))
		if err != nil {
			t.Fatal(err)
		}
		ins, out := append([]buf.Buf(nil), in...), make([]buf.Buf, len(sizes))
		for i, n := range sizes {
			out[i] = buf.New(4 * n)
		}
		if workers < 0 {
			copied := buf.New(len(in[inPlace].U8))
			copy(copied.U8, in[inPlace].U8)
			ins[inPlace], out[0] = copied, copied
		}
		p := pool.New(max(workers, 1))
		scratch := random(9, k.Scratch(), 0, 1).F32
		k.Bind(scratch, out, ins)
		k.Run(p)
		if workers > 0 {
			k.Run(p) // what the first left behind does no harm
		}
		p.Close()
		var got [][]float32
		for _, b := range out {
			got = append(got, b.F32)
		}
		if first == nil {
			first = got
		}
		for o := range got {
			for i := range got[o] {
				if math.Float32bits(got[o][i]) != math.Float32bits(first[o][i]) {
					t.Fatalf("%s, %d workers: output %d, element %d is %v, with 1 worker %v", name, workers, o, i, got[o][i], first[o][i])
				}
			}
		}
	}
	return first
}

func compare(t *testing.T, name string, got []float32, want []float64, tol float64) {
	t.Helper()
	scale := 0.0
	for _, w := range want {
		scale = max(scale, math.Abs(w))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= tol*max(math.Abs(w), 0.1*scale)+1e-7) {
			t.Fatalf("%s: element %d is %v, want %v", name, i, got[i], w)
		}
	}
}

var batchShapes = []struct {
	dims   []int
	groups int
}{
	{[]int{1, 1}, 1}, {[]int{2, 3}, 1}, {[]int{7, 8}, 1}, {[]int{4, 3, 3, 5}, 2}, {[]int{6, 5, 7, 16}, 3}, {[]int{64, 32}, 1},
	{[]int{2, 33, 31, 64}, 1}, {[]int{8, 9, 9, 77}, 2}, {[]int{40, 512}, 1}, {[]int{3000, 1}, 1}, {[]int{5, 600, 12}, 5},
}

// batchTwin is batch_norm_training and its gradient in float64.
func batchTwin(x, scale, offset, dy []float32, c, groups int, eps float64) (y, mean, variance, dx, dscale, doffset []float64) {
	rows := len(x) / c / groups
	y, dx = make([]float64, len(x)), make([]float64, len(x))
	mean, variance = make([]float64, groups*c), make([]float64, groups*c)
	dscale, doffset = make([]float64, c), make([]float64, c)
	for g := range groups {
		for j := range c {
			at := func(r int) int { return (g*rows+r)*c + j }
			var m, v, sdy, sdyh float64
			for r := range rows {
				m += float64(x[at(r)]) / float64(rows)
			}
			for r := range rows {
				v += (float64(x[at(r)]) - m) * (float64(x[at(r)]) - m) / float64(rows)
			}
			mean[g*c+j], variance[g*c+j] = m, v
			rstd := 1 / math.Sqrt(v+eps)
			for r := range rows {
				h := (float64(x[at(r)]) - m) * rstd
				y[at(r)] = h*float64(scale[j]) + float64(offset[j])
				sdy += float64(dy[at(r)])
				sdyh += float64(dy[at(r)]) * h
			}
			dscale[j] += sdyh
			doffset[j] += sdy
			for r := range rows {
				h := (float64(x[at(r)]) - m) * rstd
				dx[at(r)] = float64(scale[j]) * rstd * (float64(dy[at(r)]) - sdy/float64(rows) - h*sdyh/float64(rows))
			}
		}
	}
	return
}

func TestBatchNorm(t *testing.T) {
	const eps = 1e-5
	for _, s := range batchShapes {
		for _, mean := range []float64{0.2, 50} { // far from zero the variance must not suffer
			n, c := product(s.dims), s.dims[len(s.dims)-1]
			x, dy := random(1, n, mean, 1), random(2, n, 0.1, 1)
			scale, offset := random(3, c, 1, 0.2), random(4, c, 0, 1)
			spec := BatchNorm{Dims: s.dims, Groups: s.groups, Epsilon: eps}
			name := fmt.Sprintf("%v in %d groups around %v", s.dims, s.groups, mean)
			y, m, v, dx, ds, do := batchTwin(x.F32, scale.F32, offset.F32, dy.F32, c, s.groups, eps)
			gc := s.groups * c
			got := run(t, name, func(w int) (kernel, error) { return NewBatchNorm(spec, w) }, []int{n, gc, gc}, []buf.Buf{x, scale, offset}, 0)
			tol := 1e-5
			if n/c/s.groups < 2 {
				continue // one row: y is the offset and 0/0 in relative terms
			}
			compare(t, name+": mean", got[1], m, 1e-6)
			compare(t, name+": variance", got[2], v, tol)
			slack := 1.0
			if mean > 1 {
				slack = 200 // x and its mean are themselves rounded to 4e-6
			}
			compare(t, name+": y", got[0], y, slack*2e-5)
			stats := []buf.Buf{x, scale, buf.OfF32(got[1]), buf.OfF32(got[2]), dy}
			grad := run(t, name, func(w int) (kernel, error) { return NewBatchNormGrad(spec, w) }, []int{n, c, c}, stats, 4)
			compare(t, name+": doffset", grad[2], do, 2e-5)
			compare(t, name+": dscale", grad[1], ds, slack*2e-5)
			if n/c/s.groups > 2 { // with two rows dx is what remains of a cancellation
				compare(t, name+": dx", grad[0], dx, slack*1e-4)
			}
			if s.groups == 1 {
				inf := run(t, name, func(w int) (kernel, error) { return NewBatchNormInference(spec, w) }, []int{n},
					[]buf.Buf{x, scale, offset, buf.OfF32(got[1]), buf.OfF32(got[2])}, 0)
				compare(t, name+": inference", inf[0], y, slack*2e-5)
			}
		}
	}
}

// The fused forms are the plain one followed by an addition and relu, and its gradient of what relu lets through.
func TestBatchNormWithResidualAndRelu(t *testing.T) {
	for _, s := range batchShapes {
		n, c := product(s.dims), s.dims[len(s.dims)-1]
		gc := s.groups * c
		x, dy, res := random(1, n, 0.2, 1), random(2, n, 0.1, 1), random(5, n, 0, 1)
		scale, offset := random(3, c, 1, 0.2), random(4, c, 0, 1)
		for variant := range 4 {
			spec := BatchNorm{Dims: s.dims, Groups: s.groups, Epsilon: 1e-5}
			plain := run(t, "plain", func(w int) (kernel, error) { return NewBatchNorm(spec, w) }, []int{n, gc, gc}, []buf.Buf{x, scale, offset}, 0)
			fused := spec
			fused.Residual, fused.Relu = variant&1 > 0, variant&2 > 0
			name := fmt.Sprintf("%+v", fused)
			in := []buf.Buf{x, scale, offset}
			want, masked := append([]float32(nil), plain[0]...), append([]float32(nil), dy.F32...)
			if fused.Residual {
				in = append(in, res)
				for i := range want {
					want[i] += res.F32[i]
				}
			}
			if fused.Relu {
				for i := range want {
					if want[i] = max(want[i], 0); want[i] == 0 {
						masked[i] = 0
					}
				}
			}
			got := run(t, name, func(w int) (kernel, error) { return NewBatchNorm(fused, w) }, []int{n, gc, gc}, in, len(in)-1-2*boolInt(!fused.Residual))
			for i := range want {
				if got[0][i] != want[i] {
					t.Fatalf("%s: y[%d] = %v, want %v", name, i, got[0][i], want[i])
				}
			}
			if s.groups == 1 {
				stats := append([]buf.Buf{x, scale, offset, buf.OfF32(got[1]), buf.OfF32(got[2])}, in[3:]...)
				inference := run(t, name, func(w int) (kernel, error) { return NewBatchNormInference(fused, w) }, []int{n}, stats, 0)
				for i := range want {
					if inference[0][i] != want[i] {
						t.Fatalf("%s: inference[%d] = %v, want %v", name, i, inference[0][i], want[i])
					}
				}
			}
			stats := []buf.Buf{x, scale, buf.OfF32(got[1]), buf.OfF32(got[2])}
			wantGrad := run(t, name, func(w int) (kernel, error) { return NewBatchNormGrad(spec, w) }, []int{n, c, c}, append(stats, buf.OfF32(masked)), 0)
			sizes, gin := []int{n, c, c}, append(stats, dy)
			if fused.Relu {
				gin = append(gin, buf.OfF32(got[0]))
				if fused.Residual {
					sizes = append(sizes, n)
					wantGrad = append(wantGrad, masked)
				}
			}
			checkGrad := func(spec BatchNorm, gin []buf.Buf, inPlace int) {
				t.Helper()
				grad := run(t, name, func(w int) (kernel, error) { return NewBatchNormGrad(spec, w) }, sizes, gin, inPlace)
				for o := range wantGrad {
					for i, w := range wantGrad[o] {
						if grad[o][i] != w {
							t.Fatalf("gradient of %+v: output %d, element %d is %v, want %v", spec, o, i, grad[o][i], w)
						}
					}
				}
			}
			checkGrad(fused, gin, len(gin)-1)
			if fused.Relu && !fused.Residual {
				fused.Recompute = true
				checkGrad(fused, append(stats, dy, offset), 4)
			}
		}
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestBatchNormOfConstantInputIsTheOffset(t *testing.T) {
	x := buf.New(4 * 1000 * 8)
	for i := range x.F32 {
		x.F32[i] = 1e4
	}
	scale, offset := random(3, 8, 1, 0.2), random(4, 8, 0, 1)
	got := run(t, "constant", func(w int) (kernel, error) { return NewBatchNorm(BatchNorm{Dims: []int{1000, 8}, Epsilon: 1e-5}, w) },
		[]int{8000, 8, 8}, []buf.Buf{x, scale, offset}, 0)
	for i, y := range got[0] {
		if y != offset.F32[i%8] {
			t.Fatalf("y[%d] = %v, want %v; mean %v, variance %v", i, y, offset.F32[i%8], got[1], got[2])
		}
	}
}

func TestLayerNorm(t *testing.T) {
	const eps = 1e-6
	for _, dims := range [][]int{{1, 5}, {3, 8}, {2, 3, 13}, {65, 192}, {700, 24}, {3, 5000}, {40, 77}} {
		n, c := product(dims), dims[len(dims)-1]
		rows := n / c
		x, dy, scale, offset := random(1, n, 2, 1), random(2, n, 0, 1), random(3, c, 1, 0.2), random(4, c, 0, 1)
		y, mean, rstd, dx := make([]float64, n), make([]float64, rows), make([]float64, rows), make([]float64, n)
		ds, do := make([]float64, c), make([]float64, c)
		for r := range rows {
			var m, v, g, gh float64
			for _, a := range x.F32[r*c : (r+1)*c] {
				m += float64(a) / float64(c)
			}
			for _, a := range x.F32[r*c : (r+1)*c] {
				v += (float64(a) - m) * (float64(a) - m) / float64(c)
			}
			s := 1 / math.Sqrt(v+eps)
			mean[r], rstd[r] = m, s
			for j := range c {
				h, d := (float64(x.F32[r*c+j])-m)*s, float64(dy.F32[r*c+j])
				y[r*c+j] = h*float64(scale.F32[j]) + float64(offset.F32[j])
				ds[j] += d * h
				do[j] += d
				g += d * float64(scale.F32[j]) / float64(c)
				gh += d * float64(scale.F32[j]) * h / float64(c)
			}
			for j := range c {
				h, d := (float64(x.F32[r*c+j])-m)*s, float64(dy.F32[r*c+j])
				dx[r*c+j] = s * (d*float64(scale.F32[j]) - g - h*gh)
			}
		}
		name := fmt.Sprint(dims)
		spec := LayerNorm{Dims: dims, Epsilon: eps}
		got := run(t, name, func(w int) (kernel, error) { return NewLayerNorm(spec, w) }, []int{n, rows, rows}, []buf.Buf{x, scale, offset}, 0)
		compare(t, name+": y", got[0], y, 1e-5)
		compare(t, name+": mean", got[1], mean, 1e-6)
		compare(t, name+": rstd", got[2], rstd, 1e-6)
		grad := run(t, name, func(w int) (kernel, error) { return NewLayerNormGrad(spec, w) }, []int{n, c, c},
			[]buf.Buf{x, scale, buf.OfF32(got[1]), buf.OfF32(got[2]), dy}, 4)
		compare(t, name+": dx", grad[0], dx, 2e-5)
		compare(t, name+": dscale", grad[1], ds, 2e-5)
		compare(t, name+": doffset", grad[2], do, 2e-5)
	}
}

func TestSoftmax(t *testing.T) {
	for _, dims := range [][]int{{1}, {7}, {8}, {3, 65}, {100, 197}, {2, 3, 1000}, {5, 20000}} {
		n, c := product(dims), dims[len(dims)-1]
		x, dy := random(1, n, 30, 4), random(2, n, 0.3, 1)
		y, ly, dx, ldx := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		for r := range n / c {
			m, s := math.Inf(-1), 0.0
			for _, a := range x.F32[r*c : (r+1)*c] {
				m = max(m, float64(a))
			}
			for _, a := range x.F32[r*c : (r+1)*c] {
				s += math.Exp(float64(a) - m)
			}
			var dot, sum float64
			for i := r * c; i < (r+1)*c; i++ {
				ly[i] = float64(x.F32[i]) - m - math.Log(s)
				y[i] = math.Exp(ly[i])
				dot += y[i] * float64(dy.F32[i])
				sum += float64(dy.F32[i])
			}
			for i := r * c; i < (r+1)*c; i++ {
				dx[i] = y[i] * (float64(dy.F32[i]) - dot)
				ldx[i] = float64(dy.F32[i]) - y[i]*sum
			}
		}
		name := fmt.Sprint(dims)
		plan := func(log, grad bool) func(int) (kernel, error) {
			return func(w int) (kernel, error) { return NewSoftmax(Softmax{dims, log, grad}, w) }
		}
		got := run(t, name, plan(false, false), []int{n}, []buf.Buf{x}, 0)
		compare(t, name+": softmax", got[0], y, 3e-6)
		lgot := run(t, name, plan(true, false), []int{n}, []buf.Buf{x}, 0)
		compare(t, name+": log_softmax", lgot[0], ly, 3e-6)
		d := run(t, name, plan(false, true), []int{n}, []buf.Buf{buf.OfF32(got[0]), dy}, 1)
		compare(t, name+": softmax_grad", d[0], dx, 1e-4)
		d = run(t, name, plan(true, true), []int{n}, []buf.Buf{buf.OfF32(lgot[0]), dy}, 0)
		compare(t, name+": log_softmax_grad", d[0], ldx, 1e-5)
	}
}

func TestBadShapesAreErrors(t *testing.T) {
	for i, err := range []error{
		second(NewBatchNorm(BatchNorm{}, 1)), second(NewBatchNorm(BatchNorm{Dims: []int{0, 3}}, 1)), second(NewBatchNorm(BatchNorm{Dims: []int{3, 2}, Groups: 2}, 1)),
		second(NewBatchNormGrad(BatchNorm{Dims: []int{4}, Groups: 2}, 1)), second(NewBatchNormGrad(BatchNorm{Dims: []int{4, 4}, Recompute: true}, 1)), second(NewLayerNorm(LayerNorm{}, 1)), second(NewSoftmax(Softmax{Dims: []int{-1}}, 1)),
	} {
		if err == nil {
			t.Errorf("case %d: no error", i)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestRunDoesNotAllocate(t *testing.T) {
	const n, c = 64 * 40 * 16, 16
	p := pool.New(2)
	defer p.Close()
	x, dy, v := random(1, n, 0, 1), random(2, n, 0, 1), random(3, c, 1, 0.1)
	bn := BatchNorm{Dims: []int{64 * 40, c}, Epsilon: 1e-5}
	for _, k := range kernels(t, bn, x, dy, v, 2) {
		if a := testing.AllocsPerRun(10, func() { k.Run(p) }); a != 0 {
			t.Errorf("%T.Run allocates %v times", k, a)
		}
	}
}

// kernels binds one kernel of each kind over bn's shape.
func kernels(t testing.TB, bn BatchNorm, x, dy, v buf.Buf, workers int) []kernel {
	n, c := product(bn.Dims), bn.Dims[1]
	ln, sm := LayerNorm{Dims: bn.Dims, Epsilon: 1e-5}, Softmax{Dims: bn.Dims}
	smg := Softmax{Dims: bn.Dims, Grad: true}
	y, a, b := buf.New(4*n), buf.New(4*max(c, n/c)), buf.New(4*max(c, n/c))
	var list []kernel
	add := func(k kernel, err error, out, in []buf.Buf) {
		if err != nil {
			t.Fatal(err)
		}
		k.Bind(make([]float32, k.Scratch()), out, in)
		list = append(list, k)
	}
	rowStats := random(5, n/c, 1, 0.1)
	k1, err := NewBatchNorm(bn, workers)
	add(k1, err, []buf.Buf{y, a, b}, []buf.Buf{x, v, v})
	k2, err := NewBatchNormGrad(bn, workers)
	add(k2, err, []buf.Buf{y, a, b}, []buf.Buf{x, v, v, v, dy})
	k3, err := NewBatchNormInference(bn, workers)
	add(k3, err, []buf.Buf{y}, []buf.Buf{x, v, v, v, v})
	k4, err := NewLayerNorm(ln, workers)
	add(k4, err, []buf.Buf{y, a, b}, []buf.Buf{x, v, v})
	k5, err := NewLayerNormGrad(ln, workers)
	add(k5, err, []buf.Buf{y, a, b}, []buf.Buf{x, v, rowStats, rowStats, dy})
	k6, err := NewSoftmax(sm, workers)
	add(k6, err, []buf.Buf{y}, []buf.Buf{x})
	k7, err := NewSoftmax(smg, workers)
	add(k7, err, []buf.Buf{y}, []buf.Buf{x, dy})
	return list
}

// Bytes are what one pass over each operand and result would move.
func BenchmarkNorm(b *testing.B) {
	for _, dims := range [][]int{{1 << 16, 64}, {1 << 13, 512}, {1 << 14, 192}} {
		n := product(dims)
		x, dy, v := random(1, n, 0, 1), random(2, n, 0, 1), random(3, dims[1], 1, 0.1)
		for _, workers := range []int{1, 2} {
			p := pool.New(workers)
			for i, k := range kernels(b, BatchNorm{Dims: dims, Epsilon: 1e-5}, x, dy, v, workers) {
				b.Run(fmt.Sprintf("%T/%v/%d", k, dims, workers), func(b *testing.B) {
					b.SetBytes(4 * int64(n) * int64([]int{2, 3, 2, 2, 3, 2, 3}[i]))
					for b.Loop() {
						k.Run(p)
					}
				})
			}
			p.Close()
		}
	}
}
