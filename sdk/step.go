package sdk

import (
	"strconv"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/wire"
)

// Task is a pretext task: what is seen, and what is asked.
type Task interface {
	Views(v *Views)
	Objective(s *Step) Value // the loss, f32[]
}

// Pretext declares a pretext task; signature names the kind of loss it needs.
func Pretext(id, version, signature string, t Task) *Plugin {
	p := newPlugin("pretext", id, version, "trace")
	p.info.Signature = signature
	p.trace = func(req *wire.TraceRequest) (*ir.Program, error) {
		return tracing(req, func(b *Builder) {
			switch req.Func {
			case "views":
				v := &Views{Builder: b, req: req}
				v.Image()
				t.Views(v)
			case "objective":
				s := &Step{Builder: b, req: req, inputs: map[string]Value{}}
				for _, in := range req.Inputs {
					s.inputs[in.Name] = b.Input(in.Name, in.Shape)
				}
				b.Output("loss", t.Objective(s))
			default:
				b.Fail("a pretext task has no function " + strconv.Quote(req.Func))
			}
		})
	}
	return p
}

// Step traces a task's objective over a batch.
type Step struct {
	*Builder
	req    *wire.TraceRequest
	inputs map[string]Value
}

// Batch is the number of images in a step.
func (s *Step) Batch() int { return s.req.Batch }

// Samples is the number of images in the training set.
func (s *Step) Samples() int { return s.req.Samples }

func (s *Step) input(name string) Value {
	v, ok := s.inputs[name]
	if !ok {
		s.Fail("the view program gives no " + name)
	}
	return v
}

// Views is all views of the first size, view by view: f32[V*B,H,W,C].
func (s *Step) Views() Value { return s.input("views.0") }

// Group is all views of the i-th size, view by view.
func (s *Step) Group(i int) Value { return s.input("views." + strconv.Itoa(i)) }

// Refuse ends the trace because of a parameter's value: the host says where the
// experiment sets it.
func (s *Step) Refuse(param, why string) { refuse(s.Builder, s.req, param, why) }

// View is the i-th view of the whole batch, f32[B,H,W,C]; of tiles
// f32[B,N,H,W,C].
func (s *Step) View(i int) Value {
	for g := 0; ; g++ {
		all := s.input("views." + strconv.Itoa(g))
		n := all.Dim(0) / s.Batch()
		if i < n {
			return all.Slice(0, i*s.Batch(), (i+1)*s.Batch())
		}
		i -= n
	}
}

// Target is what the views were labelled with, view by view.
func (s *Step) Target(name string) Value { return s.input("target." + name) }

// Loss applies the experiment's loss.
func (s *Step) Loss(in ...Value) Value { return s.Call("loss", "loss", in...) }

// Backbone is the experiment's network.
func (s *Step) Backbone() Network { return Network{s} }

// Network is the experiment's backbone, with its named stages.
type Network struct{ s *Step }

func (n Network) stage(name string) Layer {
	return func(scope string, x Value) Value { return n.s.Call("backbone."+name, join(scope, "backbone"), x) }
}

// Pooled is one feature vector for each image: f32[N,H,W,C] to f32[N,D].
func (n Network) Pooled() Layer { return n.stage("pooled") }

// FeatureMap is the last spatial map: f32[N,H,W,C] to f32[N,h,w,D].
func (n Network) FeatureMap() Layer { return n.stage("map") }

// Embed turns images into tokens with positions added, f32[N,T,D]; Encode runs
// the blocks over any subset of them. Transformers have these two stages.
func (n Network) Embed() Layer { return n.stage("embed") }

// Encode runs a transformer's blocks over tokens.
func (n Network) Encode() Layer { return n.stage("encode") }

func join(scope, name string) string {
	if scope == "" {
		return name
	}
	return scope + "." + name
}

// Layer is a piece of a network that may be applied under several module
// scopes, each with parameters of its own.
type Layer func(scope string, x Value) Value

// Apply runs the layer in the task's own scope.
func (l Layer) Apply(x Value) Value { return l("", x) }

// Module joins layers under a scope; Apply uses the scope's parameters.
func (s *Step) Module(scope string, layers ...Layer) Module { return Module{s, scope, layers} }

// Module is a chain of layers with parameters under one scope.
type Module struct {
	s      *Step
	scope  string
	layers []Layer
}

// Apply runs the chain.
func (m Module) Apply(x Value) Value {
	for _, l := range m.layers {
		x = l(m.scope, x)
	}
	return x
}

// EMA is the same module over an exponential moving average of m's parameters,
// equal to them at the start, with its own batch statistics. It is updated
// after the optimizer, or with before ahead of the forward pass.
func (m Module) EMA(momentum Value, before bool) Module {
	target := m.scope + "_ema"
	m.s.Builder.EMA(m.scope, target, momentum, before)
	return Module{m.s, target, m.layers}
}

// CosineTo is 1 - (1-base)(cos(pi k/K)+1)/2 at step k of K: from base to 1 (Grill et al. 2020).
func (s *Step) CosineTo(base float64) Value {
	t := s.StepNumber().Float().Div(s.TotalSteps().Float())
	return t.Scale(3.141592653589793).Cos().AddConst(1).Scale(-(1 - base) / 2).AddConst(1)
}
