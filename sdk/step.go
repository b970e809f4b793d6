package sdk

import (
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/trace"
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
				b.Output("loss", t.Objective(newStep(b, req)))
			default:
				name, ok := strings.CutPrefix(req.Func, "phase.")
				p, has := t.(Phaser)
				if !ok || !has {
					b.Fail("a pretext task has no function " + strconv.Quote(req.Func))
				}
				b.SetNorms(trace.Norms{Frozen: true})
				p.Phase(&Phase{Step: newStep(b, req), Name: name})
			}
		})
	}
	return p
}

func newStep(b *Builder, req *wire.TraceRequest) *Step {
	if req.Batch < 1 {
		b.Fail("expected a batch of 1 image or more, found " + strconv.Itoa(req.Batch))
	}
	s := &Step{Builder: b, req: req, inputs: map[string]Value{}}
	for _, in := range req.Inputs {
		s.inputs[in.Name] = b.Input(in.Name, in.Shape)
	}
	return s
}

// Step traces a task's objective over a batch.
type Step struct {
	*Builder
	req    *wire.TraceRequest
	inputs map[string]Value
	masks  int
	mixes  int // calls of Mixup and CutMix
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

// PatchEmbed is the first half of Embed, f32[N,H,W,C] to the tokens of patches alone,
// without positions, and PosEmbed the second. Between them tokens can be replaced.
func (n Network) PatchEmbed() Layer { return n.stage("patch_embed") }

// PosEmbed adds positions to the tokens of a square of patches, behind a class token.
func (n Network) PosEmbed() Layer { return n.stage("pos_embed") }

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
