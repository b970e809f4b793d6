package sdk

import (
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// Init says how a parameter or state starts.
type Init = trace.Init

// ParamOption changes how the optimizer treats parameters; see [Layer.With].
type ParamOption = trace.ParamOption

// Options of parameters.
var (
	LRScale     = trace.LRScale     // times the learning rate
	FixedLR     = trace.FixedLR     // the peak rate throughout, without the schedule
	NoDecay     = trace.NoDecay     // no weight decay
	FrozenUntil = trace.FrozenUntil // held until that update; -1 for ever
	UnitRows    = trace.UnitRows    // rows are divided by their lengths before each step
)

// Once is v as it was in the first update of the run, in every update, kept by name.
func Once(b *Builder, name string, v Value) Value {
	kept := b.State(name, v.Shape(), Constant(0))
	now := FirstStep(b).Where(v.StopGradient(), kept)
	b.Assign(name, now)
	return now
}

// Running is the exponential moving average of v, kept by name, from a start: its
// value before this update. The update itself is momentum*old + (1-momentum)*v.
func Running(b *Builder, name string, v Value, momentum float64, start Init) (before Value) {
	before = b.State(name, v.Shape(), start)
	b.Assign(name, before.Scale(momentum).Add(v.StopGradient().Scale(1-momentum)))
	return before
}

// Queue keeps the last rows that were pushed, f32[length,width]: the newest
// overwrite the oldest (He et al. 2020, section 3.2).
type Queue struct {
	b     *Builder
	name  string
	shape shape.Shape
	init  Init
}

// Queue declares a queue by name; init is what it holds before it has been filled.
func (s *Step) Queue(name string, length, width int, init Init) Queue {
	return Queue{s.Builder, name, shape.F32(length, width), init}
}

// Rows is all of the queue as it is now, in no order that means anything.
func (q Queue) Rows() Value { return q.b.State(q.name, q.shape, q.init) }

// Push puts rows f32[n,width] in the place of the n oldest; n divides the length.
func (q Queue) Push(rows Value) {
	length, n := q.shape.Dims[0], rows.Dim(0)
	if n > length || length%n != 0 {
		q.b.Fail("queue " + q.name + ": its length in " + q.shape.String() + " is not a multiple of the rows pushed, " + rows.Shape().String())
	}
	at := q.b.State(q.name+"_at", shape.Of(dtype.I32), Constant(0))
	zero := q.b.Fill(shape.Of(dtype.I32), 0)
	q.b.Assign(q.name, q.Rows().DynamicUpdateSlice(rows.StopGradient(), q.b.Stack(0, at, zero)))
	q.b.Assign(q.name+"_at", at.AddConst(float64(n)).Mod(length))
}

// Dims is the shape f32[n...].
func Dims(n ...int) shape.Shape { return shape.F32(n...) }

// Number is the shape i32[]: one number.
func Number() shape.Shape { return shape.Of(dtype.I32) }

// Bank keeps one row for each training image, whatever batch it comes in.
type Bank struct {
	s    *Step
	name string
	all  shape.Shape
	init Init
}

// Bank declares a row of shape row for each training image, kept by name.
func (s *Step) Bank(name string, row shape.Shape, init Init) Bank {
	all := shape.Of(row.DType, append([]int{s.Samples()}, row.Dims...)...)
	return Bank{s, name, all, init}
}

// Rows is all rows, [samples,...].
func (b Bank) Rows() Value { return b.s.SampleState(b.name, b.all, b.init) }

// Mine is the rows of the batch's images, [B,...].
func (b Bank) Mine() Value { return b.Rows().Take(0, b.s.Indices(b.s.Batch())) }

// SetMine replaces the rows of the batch's images.
func (b Bank) SetMine(rows Value) {
	b.s.Assign(b.name, b.Rows().ScatterSet(0, 0, b.s.Indices(b.s.Batch()), stopped(rows)))
}

// Set replaces all rows.
func (b Bank) Set(rows Value) { b.s.Assign(b.name, stopped(rows)) }

// stopped is v without a derivative; numbers that count have none.
func stopped(v Value) Value {
	if v.Shape().DType.Float() {
		return v.StopGradient()
	}
	return v
}

// Shuffle is x with its rows in an order drawn from the key, and how to put rows of
// the result back into x's order. With [Module.Split] the parts of the batch then
// hold other samples (He et al. 2020, section 3.3).
func Shuffle(x, key Value) (shuffled Value, back func(Value) Value) {
	b, n := x.Builder(), x.Dim(0)
	order := key.Permutation(n)
	place := b.Iota(n).ScatterSet(0, 0, order, b.Iota(n)) // where each row went
	return x.Take(0, order), func(y Value) Value { return y.Take(0, place) }
}

// WeightGradient is x, with w times the gradient.
func WeightGradient(x, w Value) Value {
	scaled := x.Mul(w.StopGradient())
	return scaled.Add(x.Sub(scaled).StopGradient())
}

// UnitLinear is a layer without bias to out prototypes of length 1: name.weight
// [out,in], whose rows are divided by their lengths before each step.
func UnitLinear(name string, out int) Layer {
	return func(scope string, x Value) Value {
		bound := 1 / math.Sqrt(float64(x.Dim(-1)))
		w := x.Builder().Param(join(scope, name)+".weight", UniformIn(-bound, bound), []int{out, x.Dim(-1)}, UnitRows())
		return x.Dot(w, nil, nil, []int{-1}, []int{1})
	}
}

// WeightNormLinear is a layer without bias whose rows have length 1, with the
// gradient through their normalisation (Salimans & Kingma 2016, with g = 1).
func WeightNormLinear(name string, out int) Layer {
	return func(scope string, x Value) Value {
		bound := 1 / math.Sqrt(float64(x.Dim(-1)))
		w := x.Builder().Param(join(scope, name)+".weight_v", UniformIn(-bound, bound), []int{out, x.Dim(-1)}).L2Normalize(1)
		return x.Dot(w, nil, nil, []int{-1}, []int{1})
	}
}
