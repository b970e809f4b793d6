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
	"github.com/fwlab/fw/core/wire"
)

// function is a loss as a function of its f32 inputs: the value there, and the
// gradients that training follows. held is what stopped gradients make constant; nil
// where the call shall say it.
type function func(in []interp.Tensor, held map[ir.ID]interp.Tensor) (value float64, grads []interp.Tensor, stopped map[ir.ID]interp.Tensor, err error)

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
