package sdktest

import (
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
)

// content is what an input of a loss holds: random numbers to differentiate at, and
// what says nothing.
type content struct {
	fill   func(s *rng.Stream, t interp.Tensor)
	silent func(t interp.Tensor)
}

// The contents of inputs.
var (
	embeddings = content{normal, unit}
	unitRows   = content{func(s *rng.Stream, t interp.Tensor) { normal(s, t); eachRow(t, toLength1) }, unit}
	logits     = content{normal, zero}
	shares     = content{func(s *rng.Stream, t interp.Tensor) { normal(s, t); eachRow(t, softmax) }, func(t interp.Tensor) { eachRow(t, softmax) }}
	pixels     = content{normal, zero}
	counted    = content{func(_ *rng.Stream, t interp.Tensor) { half(t) }, half}
)

// numbers are classes, groups or rows: 0, 1 ... n-1, 0, 1 ...
func numbers(n int) content {
	count := func(t interp.Tensor) {
		for i := range t.V {
			t.V[i] = float64(i % n)
		}
	}
	return content{func(_ *rng.Stream, t interp.Tensor) { count(t) }, count}
}

type probe struct {
	shape shape.Shape
	content
}

// probes are inputs for each signature of losses; sdk says what they mean.
var probes = map[string][]probe{
	"contrast":    {{shape.F32(8, 16), embeddings}, {shape.F32(8, 16), embeddings}},
	"lookup":      {{shape.F32(8, 16), unitRows}, {shape.F32(8, 16), unitRows}, {shape.F32(12, 16), unitRows}},
	"instance":    {{shape.F32(8, 16), unitRows}, {shape.F32(20, 16), unitRows}, {shape.Of(dtype.I32, 8), numbers(20)}},
	"group":       {{shape.F32(8, 16), embeddings}, {shape.Of(dtype.I32, 8), numbers(4)}},
	"classify":    {{shape.F32(8, 10), logits}, {shape.Of(dtype.I32, 8), numbers(10)}},
	"match":       {{shape.F32(8, 10), logits}, {shape.F32(8, 10), shares}},
	"predict":     {{shape.F32(8, 16), embeddings}, {shape.F32(8, 16), embeddings}},
	"distill":     {{shape.F32(4, 8, 10), logits}, {shape.F32(2, 8, 10), logits}},
	"unmask":      {{shape.F32(4, 6, 10), logits}, {shape.Of(dtype.I32, 4, 6), numbers(10)}, {shape.F32(4, 6), counted}},
	"reconstruct": {{shape.F32(4, 6, 12), pixels}, {shape.F32(4, 6, 12), pixels}, {shape.F32(4, 6), counted}},
}

// probe is random inputs of the loss's signature.
func (p *subject) probe(seed uint64) ([]interp.Tensor, error) {
	s := rng.New(seed).Stream()
	return p.filled(func(c content, t interp.Tensor) { c.fill(&s, t) })
}

// silence is inputs that say nothing: rows that are all alike.
func (p *subject) silence() ([]interp.Tensor, error) {
	return p.filled(func(c content, t interp.Tensor) { c.silent(t) })
}

func (p *subject) filled(fill func(content, interp.Tensor)) ([]interp.Tensor, error) {
	list, ok := probes[p.info.Signature]
	if !ok {
		return nil, Skipped("no inputs are known for losses of signature %q", p.info.Signature)
	}
	var in []interp.Tensor
	for _, x := range list {
		t := interp.Zeros(x.shape)
		fill(x.content, t)
		for i, v := range t.V {
			t.V[i] = float64(float32(v))
		}
		in = append(in, t)
	}
	return in, nil
}

func ports(in []interp.Tensor) (list []wire.Port) {
	for _, t := range in {
		list = append(list, wire.Port{Shape: t.Shape})
	}
	return list
}

// evaluation asks a loss of style eval for its value and gradients.
func (p *subject) evaluation(in []interp.Tensor, params []schema.Named) *wire.EvalRequest {
	req := &wire.EvalRequest{Plugin: p.info.ID, Params: params}
	for i, t := range in {
		req.Inputs = append(req.Inputs, wire.Tensor{Name: p.names()[i], Shape: t.Shape, Data: t.Bytes()})
	}
	return req
}

// pixels asks an augmentation of style eval for pictures.
func (p *subject) pixels() *wire.EvalRequest {
	const n = 4
	s := rng.New(1).Stream()
	draw := func(d dtype.DType, below int, dims ...int) wire.Tensor {
		t := interp.Zeros(shape.Of(d, dims...))
		for i := range t.V {
			t.V[i] = float64(s.Intn(below))
		}
		return wire.Tensor{Shape: t.Shape, Data: t.Bytes()}
	}
	return &wire.EvalRequest{Plugin: p.info.ID, Inputs: []wire.Tensor{draw(dtype.U8, 256, n, 24, 32, 3), draw(dtype.U32, 1<<31, n, 2), draw(dtype.I32, 3, n)}}
}

func normal(s *rng.Stream, t interp.Tensor) {
	for i := range t.V {
		t.V[i] = s.Normal()
	}
}

func zero(interp.Tensor) {}

// half is 1, 0, 1, 0 ...
func half(t interp.Tensor) {
	for i := range t.V {
		t.V[i] = float64((i + 1) % 2)
	}
}

// unit makes every row the first unit vector.
func unit(t interp.Tensor) { eachRow(t, func(row []float64) { row[0] = 1 }) }

func eachRow(t interp.Tensor, f func(row []float64)) {
	n := t.Shape.Dims[t.Shape.Rank()-1]
	for i := 0; i < len(t.V); i += n {
		f(t.V[i : i+n])
	}
}

func toLength1(row []float64) { scale(row, 1/norm(row)) }

func softmax(row []float64) {
	sum := 0.0
	for i, x := range row {
		row[i] = math.Exp(x)
		sum += row[i]
	}
	scale(row, 1/sum)
}

func scale(x []float64, by float64) {
	for i := range x {
		x[i] *= by
	}
}

func norm(x []float64) float64 { return math.Sqrt(dot(x, x)) }

func dot(x, y []float64) (sum float64) {
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}
