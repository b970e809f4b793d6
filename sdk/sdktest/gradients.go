package sdktest

import (
	"errors"
	"fmt"
	"math"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/autodiff"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/wire"
)

// function is a loss as a function of its f32 inputs: the value there, and the
// gradients that training follows. held is what stopped gradients make constant; nil
// where the call shall say it.
type function func(in []interp.Tensor, held map[ir.ID]interp.Tensor) (value float64, grads []interp.Tensor, stopped map[ir.ID]interp.Tensor, err error)

// points is at how many random inputs gradients are compared.
const points = 4

// gradients compares them with central differences of the value in two directions:
// along the gradient, where an error of its size shows best, and a random one. What
// a stopped gradient holds constant is held. Where differences of two widths
// disagree the loss has a kink in between, and the point says nothing.
func (p *subject) gradients() (string, error) {
	in, err := p.probe(1)
	if err != nil {
		return "", err
	}
	f, err := p.function(in)
	if err != nil {
		return "", err
	}
	smooth, worst := 0, 0.0
	for seed := range uint64(points) {
		in, err := p.probe(10 + seed)
		if err != nil {
			return "", err
		}
		_, grads, held, err := f(in, nil)
		if err != nil {
			return "", err
		}
		length := 0.0
		for _, g := range grads {
			length += dot(g.V, g.V)
		}
		length = math.Sqrt(length)
		for _, v := range directions(grads, length, seed) {
			expected := 0.0
			for i := range grads {
				expected += dot(grads[i].V, v[i])
			}
			wide, err := slope(f, in, held, v, 2e-2)
			if err != nil {
				return "", err
			}
			narrow, err := slope(f, in, held, v, 1e-2)
			if err != nil {
				return "", err
			}
			if tolerance := 1e-3 + 0.02*length; math.Abs(wide-narrow) <= tolerance {
				smooth++
				off := math.Abs(narrow-expected) / tolerance
				worst = max(worst, off)
				if !(off <= 1) {
					return "", fmt.Errorf("at random inputs of seed %d the gradient's slope is %.6g, central differences give %.6g", 10+seed, expected, narrow)
				}
			}
		}
	}
	if smooth == 0 {
		return "", Skipped("none of %d points is smooth enough for central differences", points)
	}
	return fmt.Sprintf("%d slopes agree with central differences, the worst at %.0f %% of what is allowed", smooth, 100*worst), nil
}

// directions are of length 1: the gradient's, where it has one, and a random one.
func directions(grads []interp.Tensor, length float64, seed uint64) (list [][][]float64) {
	var along, random [][]float64
	s, sum := rng.New(seed).Fold(1).Stream(), 0.0
	for _, g := range grads {
		a, r := append([]float64(nil), g.V...), make([]float64, len(g.V))
		scale(a, 1/length)
		for i := range r {
			r[i] = s.Normal()
		}
		sum += dot(r, r)
		along, random = append(along, a), append(random, r)
	}
	for _, r := range random {
		scale(r, 1/math.Sqrt(sum))
	}
	if length > 0 {
		list = append(list, along)
	}
	return append(list, random)
}

// slope is the derivative of f at in along v, by central differences of half-width h.
func slope(f function, in []interp.Tensor, held map[ir.ID]interp.Tensor, v [][]float64, h float64) (float64, error) {
	at := func(t float64) (float64, error) {
		moved := make([]interp.Tensor, len(in))
		k := 0
		for i, x := range in {
			moved[i] = x
			if !x.Shape.DType.Float() {
				continue
			}
			moved[i].V = append([]float64(nil), x.V...)
			for j := range x.V {
				moved[i].V[j] = float64(float32(x.V[j] + t*v[k][j]))
			}
			k++
		}
		value, _, _, err := f(moved, held)
		return value, err
	}
	up, err := at(h)
	if err != nil {
		return 0, err
	}
	down, err := at(-h)
	return (up - down) / (2 * h), err
}

// chance evaluates the loss where its inputs say nothing: value and gradients must
// be numbers there too, as at the start of a training or after a collapse.
func (p *subject) chance() (string, error) {
	in, err := p.silence()
	if err != nil {
		return "", err
	}
	f, err := p.function(in)
	if err != nil {
		return "", err
	}
	value, grads, _, err := f(in, nil)
	if err != nil {
		return "", err
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return "", fmt.Errorf("inputs that say nothing, all rows alike, give %v", value)
	}
	for i, g := range grads {
		for _, x := range g.V {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return "", fmt.Errorf("inputs that say nothing, all rows alike, give a gradient of input %d with %v; add a small number under a root or in a denominator", i, x)
			}
		}
	}
	detail := fmt.Sprintf("inputs that say nothing give %.5g", value)
	for k := 2; k < 256; k++ { // of guesses among k
		if math.Abs(value-math.Log(float64(k))) < 1e-4 {
			detail += fmt.Sprintf(" = ln %d", k)
		}
	}
	return detail, nil
}

// function is the loss, traced or evaluated, for inputs of the shapes of in.
func (p *subject) function(in []interp.Tensor) (function, error) {
	if p.info.Style == "eval" {
		return p.evaluated, nil
	}
	traced, err := p.trace(p.request("loss", ports(in)...))
	if err != nil {
		return nil, err
	}
	if len(traced.Outputs) != 1 {
		return nil, fmt.Errorf("expected one result, found %d", len(traced.Outputs))
	}
	flat, err := link.Flatten(traced, nil)
	if err != nil {
		return nil, err
	}
	loss := flat.Func.Outputs[0].Value
	var wrt []ir.ID
	for i, t := range in {
		if t.Shape.DType.Float() {
			wrt = append(wrt, flat.Func.Inputs[i].Value)
		}
	}
	forward := len(flat.Func.Instrs)
	grads, err := autodiff.Gradients(flat.Func, loss, wrt)
	if err != nil {
		return nil, err
	}
	return func(in []interp.Tensor, held map[ir.ID]interp.Tensor) (float64, []interp.Tensor, map[ir.ID]interp.Tensor, error) {
		run := *flat.Func
		if held != nil {
			run.Instrs = run.Instrs[:forward]
		}
		env, stopped, err := evaluate(&run, in, held)
		if err != nil || held != nil {
			return env[loss].only(), nil, nil, err
		}
		var g []interp.Tensor
		for _, id := range grads {
			g = append(g, interp.Tensor(env[id]))
		}
		return env[loss].only(), g, stopped, nil
	}, nil
}

// value is a tensor of an evaluation.
type value interp.Tensor

// only is the one element of f32[].
func (v value) only() float64 {
	if len(v.V) != 1 {
		return math.NaN()
	}
	return v.V[0]
}

// evaluate runs every instruction by the oracle, those of stopped gradients with
// what is held for them. Inputs beside the loss's own are those of a first step:
// states of zeros, images 0, 1, 2 ...
func evaluate(f *ir.Func, in []interp.Tensor, held map[ir.ID]interp.Tensor) (env []value, stopped map[ir.ID]interp.Tensor, err error) {
	env, stopped = make([]value, len(f.Shapes)), map[ir.ID]interp.Tensor{}
	for i, p := range f.Inputs {
		if i < len(in) {
			env[p.Value] = value(in[i])
			continue
		}
		t := interp.Zeros(f.Shape(p.Value))
		switch p.Name {
		case link.KeyInput:
			t.V[0], t.V[1] = 5, 6
		case link.StepsInput:
			t.V[0] = 100
		case link.IndexInput, link.LabelInput:
			for j := range t.V {
				t.V[j] = float64(j)
			}
		}
		env[p.Value] = value(t)
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		args, out := make([]interp.Tensor, len(in.In)), make([]interp.Tensor, len(in.Out))
		for j, v := range in.In {
			args[j] = interp.Tensor(env[v])
		}
		for j, v := range in.Out {
			out[j] = interp.Zeros(f.Shape(v))
		}
		kept, isHeld := held[in.Out[0]]
		if isHeld {
			out[0] = kept
		} else if err := interp.Instr(in, args, out); err != nil {
			return env, nil, fmt.Errorf("%s:%d: %s: %w", in.Loc.File, in.Loc.Line, in.Op, err)
		}
		if in.Op == "stop_gradient" {
			stopped[in.Out[0]] = out[0]
		}
		for j, v := range in.Out {
			env[v] = value(out[j])
		}
	}
	return env, stopped, nil
}

// evaluated asks the plugin itself.
func (p *subject) evaluated(in []interp.Tensor, _ map[ir.ID]interp.Tensor) (float64, []interp.Tensor, map[ir.ID]interp.Tensor, error) {
	b, err := p.call(abi.Eval, wire.Marshal(nil, p.evaluation(in, nil)))
	if err != nil {
		return 0, nil, nil, err
	}
	var reply wire.EvalReply
	if err := wire.Unmarshal(b, &reply); err != nil {
		return 0, nil, nil, err
	}
	var grads []interp.Tensor
	for i, t := range in {
		if !t.Shape.DType.Float() {
			continue
		}
		n := len(grads)
		if n >= len(reply.Grads) || !reply.Grads[n].Shape.Equal(t.Shape) || len(reply.Grads[n].Data) != t.Shape.Bytes() {
			return 0, nil, nil, fmt.Errorf("expected a gradient %s for input %d", t.Shape, i)
		}
		grads = append(grads, interp.FromBytes(t.Shape, reply.Grads[n].Data))
	}
	if len(grads) != len(reply.Grads) {
		return 0, nil, nil, errors.New("more gradients than inputs of f32")
	}
	return reply.Value, grads, nil, nil
}
