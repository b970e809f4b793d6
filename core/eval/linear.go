package eval

import (
	"math"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// LinearConfig is how a linear probe learns.
type LinearConfig struct {
	Epochs, BatchSize int
	LR                float64
	Seed              uint64
}

// Linear trains a linear classifier on standardised features (SGD, momentum
// 0.9, cosine, no decay, weights from N(0, 0.01)) and returns the share of test
// images that the last epoch's classifier gets right, in percent.
func Linear(train, test *Features, classes int, c LinearConfig, workers *pool.Pool) (float64, error) {
	batch := min(c.BatchSize, train.N)
	b := trace.New("linear")
	err := trace.Trace(func() {
		x, y := b.Input("x", shape.F32(batch, train.D)), b.Input("y", shape.Of(dtype.I32, batch))
		w := b.Param("weight", trace.Normal(0, 0.01), []int{classes, train.D})
		logits := x.Dot(w, nil, nil, []int{1}, []int{1}).Add(b.Param("bias", trace.Constant(0), []int{classes}))
		b.Output(link.LossOutput, logits.CrossEntropy(y).Mean())
	})
	if err != nil {
		return 0, err
	}
	flat, err := link.Flatten(b.Func(), nil)
	if err != nil {
		return 0, err
	}
	per := train.N / batch
	steps := per * c.Epochs
	added, err := optim.Append(flat, optim.Config{Name: "sgd", LR: c.LR, Momentum: 0.9, Schedule: "cosine", Steps: steps})
	if err != nil {
		return 0, err
	}
	f, err := compile.Func(flat.Func)
	if err != nil {
		return 0, err
	}
	ex, err := exec.New(f, exec.Options{Pool: workers, Aliases: added.Aliases})
	if err != nil {
		return 0, err
	}
	input := func(name string) buf.Buf { in, _ := ex.Input(name); return in }
	key := rng.New(c.Seed).FoldString("linear")
	weight, bias := input("param/weight").F32, input("param/bias").F32
	s := key.Stream()
	for i := range weight {
		weight[i] = float32(0.01 * s.Normal())
	}
	mean, rstd := train.moments()
	x, y, step := input("batch/x").F32, input("batch/y").I32, input(link.StepInput).I32
	var order []int
	for i := range steps {
		if i%per == 0 {
			order = data.Order(key, i/per, train.N)
		}
		for r := range batch {
			n := order[i%per*batch+r]
			for j, v := range train.X[n*train.D : (n+1)*train.D] {
				x[r*train.D+j] = (v - mean[j]) * rstd[j]
			}
			y[r] = train.Labels[n]
		}
		step[0] = int32(i)
		if err := ex.Run(); err != nil {
			return 0, err
		}
	}
	right := 0
	for r := range test.N {
		best, top := 0, math.Inf(-1)
		for k := range classes {
			sum := float64(bias[k])
			for j, v := range test.X[r*test.D : (r+1)*test.D] {
				sum += float64((v-mean[j])*rstd[j]) * float64(weight[k*test.D+j])
			}
			if sum > top {
				best, top = k, sum
			}
		}
		if int32(best) == test.Labels[r] {
			right++
		}
	}
	return 100 * float64(right) / float64(test.N), nil
}

// moments is the mean and the reciprocal deviation of each dimension.
func (f *Features) moments() (mean, rstd []float32) {
	mean, rstd = make([]float32, f.D), make([]float32, f.D)
	for j := range f.D {
		var sum, sq float64
		for r := range f.N {
			v := float64(f.X[r*f.D+j])
			sum += v
			sq += v * v
		}
		m := sum / float64(f.N)
		mean[j] = float32(m)
		rstd[j] = float32(1 / math.Sqrt(math.Max(sq/float64(f.N)-m*m, 0)+1e-5))
	}
	return mean, rstd
}
