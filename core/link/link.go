// Package link owns joining: the functions that plugins traced become one flat
// Func, with parameters and states as inputs, calls inlined under their module
// scopes, and states threaded through the step. Start from [Flatten].
package link

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// Callees finds the function that a call with these attributes means, traced for
// the operands' shapes.
type Callees func(call ir.Attrs, in []shape.Shape) (*ir.Func, error)

// Names of a flat function's inputs and outputs, by kind.
const (
	ParamPrefix  = "param/"
	StatePrefix  = "state/"
	BatchPrefix  = "batch/"
	OptimPrefix  = "optim/"
	MetricPrefix = "metric/"
	StepInput    = "step"    // i32[]: updates done
	StepsInput   = "steps"   // i32[]: updates in all
	KeyInput     = "key"     // u32[2], of the step
	IndexInput   = "indices" // i32[B]: dataset positions
	LabelInput   = "labels"  // i32[B]: what the dataset says of them; -1: nothing
	LossOutput   = "loss"
)

// AveragesBy is who asks for the averages that follow an update.
const AveragesBy = "ema"

// Leaf is a declared parameter or state.
type Leaf struct {
	Name  string // with its module scope
	Shape shape.Shape
	Attrs ir.Attrs // of its declaration: init, args, lr, no_decay ...
	Input ir.ID
	Value ir.ID // what the forward pass reads: Input, or what was assigned before it
	Next  ir.ID // of a state: its value after the step
	Loc   ir.Loc
}

// EMA keeps module Target an average of module Source, updated after the optimizer.
type EMA struct {
	Source, Target string
	Momentum       ir.ID
	Before         bool
}

// Flat is the joined function.
type Flat struct {
	Func    *ir.Func
	Params  []*Leaf // in order of first use
	States  []*Leaf
	EMAs    []EMA
	Metrics []ir.Port
	// Pictures are what may be looked at of a batch; the step computes none of them.
	Pictures []ir.Port
	// Pixels are the names of those that are in [0,1] rather than normalised.
	Pixels map[string]bool
	// Objectives are losses of their own for the parameters of some modules.
	Objectives []Objective
	Phases     []Phase
	Restarts   []string // of a phase: modules that start afresh
	Draw       *ir.Port // of a phase: the images that an epoch goes through; nil: as before
	Pretrained []string // modules that start as what the experiment gives for them
	// Encoder is the scope of the backbone to evaluate; "" for the first that is trained.
	Encoder string

	callees Callees
	b       *trace.Builder
	params  map[string]*Leaf
	states  map[string]*Leaf
	context map[string]ir.ID
	options ir.Attrs // of the calls around, for the parameters declared within
	calls   int
}

// Flatten inlines everything that f calls. Its own inputs become batch inputs;
// its outputs are kept.
func Flatten(f *ir.Func, callees Callees) (*Flat, error) {
	l := &Flat{Func: &ir.Func{Name: f.Name}, Pixels: map[string]bool{}, callees: callees, params: map[string]*Leaf{}, states: map[string]*Leaf{}, context: map[string]ir.ID{}}
	l.b = trace.Extend(l.Func)
	env := map[ir.ID]ir.ID{}
	for _, p := range f.Inputs {
		env[p.Value] = l.Func.AddInput(BatchPrefix+p.Name, f.Shape(p.Value))
	}
	err := trace.Trace(func() { l.inline(f, env, "", nil) })
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	for _, o := range f.Outputs {
		l.Func.Outputs = append(l.Func.Outputs, ir.Port{Name: o.Name, Value: env[o.Value]})
	}
	return l, nil
}

// maxDepth bounds calls within calls.
const maxDepth = 8

// inline appends f's instructions, its leaves named under scope; keyed is the
// key that f's draws derive from, nil for the step's own.
func (l *Flat) inline(f *ir.Func, env map[ir.ID]ir.ID, scope string, keyed *trace.Value) {
	if strings.Count(scope, ".") > maxDepth {
		l.b.Fail("calls are nested too deeply at " + scope)
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		l.b.At(in.Loc)
		args := make([]ir.ID, len(in.In))
		for j, v := range in.In {
			args[j] = env[v]
		}
		switch in.Op {
		case "param":
			env[in.Out[0]] = l.param(in, scope)
		case "state":
			env[in.Out[0]] = l.state(in, scope)
		case "assign":
			l.assign(in, scope, args[0])
		case "ema":
			l.EMAs = append(l.EMAs, EMA{join(scope, in.Attrs.Str("source")), join(scope, in.Attrs.Str("target")), args[0], in.Attrs.Bool("before")})
		case "objective":
			l.Objectives = append(l.Objectives, Objective{join(scope, in.Attrs.Str("scope")), args[0]})
		case "phase":
			l.Phases = append(l.Phases, Phase{in.Attrs.Str("name"), in.Attrs.Int("first", 0), in.Attrs.Int("every", 0)})
		case "restart":
			l.Restarts = append(l.Restarts, join(scope, in.Attrs.Str("scope")))
		case "draw":
			l.Draw = &ir.Port{Name: "draw", Value: args[0]}
		case "pretrained":
			if module := join(scope, in.Attrs.Str("scope")); !slices.Contains(l.Pretrained, module) {
				l.Pretrained = append(l.Pretrained, module)
			}
		case "encoder":
			l.Encoder = join(join(scope, in.Attrs.Str("scope")), "backbone")
		case "metric":
			l.Metrics = append(l.Metrics, ir.Port{Name: in.Attrs.Str("name"), Value: args[0]})
		case "picture":
			name := in.Attrs.Str("name")
			l.Pictures = append(l.Pictures, ir.Port{Name: name, Value: args[0]})
			l.Pixels[name] = in.Attrs.Bool("pixels")
		case "context":
			env[in.Out[0]] = l.contextValue(in, f.Shape(in.Out[0]), keyed)
		case "call":
			env[in.Out[0]] = l.call(in, f, args, scope)
		default:
			shapes := make([]shape.Shape, len(in.Out))
			for j, v := range in.Out {
				shapes[j] = f.Shape(v)
			}
			for j, v := range l.Func.Emit(in.Op, args, in.Attrs, in.Loc, shapes...) {
				env[in.Out[j]] = v
			}
		}
	}
}

func join(scope, name string) string {
	if scope == "" || name == "" {
		return scope + name
	}
	return scope + "." + name
}

func (l *Flat) call(in *ir.Instr, f *ir.Func, args []ir.ID, scope string) ir.ID {
	callee := in.Attrs.Str("callee")
	shapes := make([]shape.Shape, len(args))
	for j, v := range args {
		shapes[j] = l.Func.Shape(v)
	}
	g, err := l.callees(in.Attrs, shapes)
	if err != nil {
		l.b.FailWith(&trace.Error{Loc: in.Loc, Err: err})
	}
	if g == nil { // left for the view engine: a crop
		return l.Func.Emit(in.Op, args, in.Attrs, in.Loc, f.Shape(in.Out[0]))[0]
	}
	if len(g.Inputs) != len(args) || len(g.Outputs) != 1 {
		l.b.Fail(fmt.Sprintf("%s takes %d inputs and gives %d results; called with %d for one", callee, len(g.Inputs), len(g.Outputs), len(args)))
	}
	inner := map[ir.ID]ir.ID{}
	for j, p := range g.Inputs {
		if !g.Shape(p.Value).Equal(shapes[j]) {
			l.b.Fail(fmt.Sprintf("%s input %s: expected %s, found %s", callee, p.Name, g.Shape(p.Value), shapes[j]))
		}
		inner[p.Value] = args[j]
	}
	if want, got := f.Shape(in.Out[0]), g.Shape(g.Outputs[0].Value); !want.Equal(got) {
		l.b.Fail(fmt.Sprintf("%s gives %s, expected %s", callee, got, want))
	}
	l.calls++
	var key *trace.Value
	for i := range g.Instrs {
		if x := &g.Instrs[i]; key == nil && x.Op == "context" && x.Attrs.Str("name") == "key" {
			k := l.b.Wrap(l.contextInput(KeyInput, shape.Of(dtype.U32, 2))).FoldIn(l.b.Fill(shape.Of(dtype.I32), float64(-l.calls)))
			key = &k
		}
	}
	outer := l.options
	l.options = treatment(outer, in.Attrs)
	l.inline(g, inner, join(scope, in.Attrs.Str("scope")), key)
	l.options = outer
	return inner[g.Outputs[0].Value]
}

func (l *Flat) contextInput(name string, s shape.Shape) ir.ID {
	if _, ok := l.context[name]; !ok {
		l.context[name] = l.Func.AddInput(name, s)
	}
	return l.context[name]
}

// Context is the function's input of that name, added where it is missing.
func (l *Flat) Context(name string, s shape.Shape) ir.ID { return l.contextInput(name, s) }

func (l *Flat) contextValue(in *ir.Instr, s shape.Shape, keyed *trace.Value) ir.ID {
	name := in.Attrs.Str("name")
	if name == "key" && keyed != nil {
		return keyed.ID()
	}
	return l.contextInput(name, s)
}

func (l *Flat) param(in *ir.Instr, scope string) ir.ID {
	name := join(scope, in.Attrs.Str("name"))
	s := in.Attrs.ShapeOf("shape")
	if p := l.params[name]; p != nil {
		if !p.Shape.Equal(s) {
			l.b.Fail(fmt.Sprintf("parameter %s is %s here and %s at %s:%d", name, s, p.Shape, p.Loc.File, p.Loc.Line))
		}
		return p.Value
	}
	p := &Leaf{Name: name, Shape: s, Attrs: treatment(l.options, in.Attrs), Loc: in.Loc, Input: l.Func.AddInput(ParamPrefix+name, s)}
	p.Value = p.Input
	if p.Attrs.Bool("unit_rows") {
		p.Value = l.b.Wrap(p.Input).L2Normalize(-1).ID()
	}
	l.params[name] = p
	l.Params = append(l.Params, p)
	for _, e := range l.EMAs {
		if rest, ok := strings.CutPrefix(name, e.Target+"."); ok && e.Before {
			p.Value = l.average(e, p.Input, l.paramNamed(in, e.Source+"."+rest))
		}
	}
	return p.Value
}

// paramNamed is the input of the parameter that an average follows.
func (l *Flat) paramNamed(in *ir.Instr, name string) ir.ID {
	if p := l.params[name]; p != nil {
		return p.Input
	}
	decl := *in
	decl.Attrs = in.Attrs.With(ir.String("name", name))
	return l.param(&decl, "")
}

func (l *Flat) average(e EMA, target, source ir.ID) ir.ID {
	m := l.b.Wrap(e.Momentum)
	t, s := l.b.Wrap(target), l.b.Wrap(source).StopGradient()
	return t.Mul(m).Add(s.Mul(m.Neg().AddConst(1))).ID()
}

// TargetOf finds the average that keeps a parameter, and its source's name.
func (l *Flat) TargetOf(name string) (e EMA, source string, ok bool) {
	for _, e := range l.EMAs {
		if rest, is := strings.CutPrefix(name, e.Target+"."); is {
			return e, e.Source + "." + rest, true
		}
	}
	return EMA{}, "", false
}

// Average is momentum*target + (1-momentum)*source, appended to the function.
func (l *Flat) Average(e EMA, target, source ir.ID) ir.ID {
	l.b.At(ir.Loc{By: AveragesBy})
	return l.average(e, target, source)
}

// Param finds a parameter by its full name; nil when there is none.
func (l *Flat) Param(name string) *Leaf { return l.params[name] }

func (l *Flat) state(in *ir.Instr, scope string) ir.ID {
	name := join(scope, in.Attrs.Str("name"))
	s := in.Attrs.ShapeOf("shape")
	st := l.states[name]
	if st == nil {
		st = &Leaf{Name: name, Shape: s, Attrs: in.Attrs, Loc: in.Loc, Input: l.Func.AddInput(StatePrefix+name, s)}
		st.Value, st.Next = st.Input, st.Input
		l.states[name] = st
		l.States = append(l.States, st)
	}
	if !st.Shape.Equal(s) {
		l.b.Fail(fmt.Sprintf("state %s is %s here and %s at %s:%d", name, s, st.Shape, st.Loc.File, st.Loc.Line))
	}
	return st.Next
}

func (l *Flat) assign(in *ir.Instr, scope string, v ir.ID) {
	name := join(scope, in.Attrs.Str("name"))
	var leaf *Leaf
	if st := l.states[name]; st != nil {
		st.Next = v
		leaf = st
	} else if p := l.params[name]; p != nil && in.Attrs.Bool("before") {
		p.Value = v
		leaf = p
	} else {
		l.b.Fail("assign: no state " + name + " was read before it is set")
	}
	if got := l.Func.Shape(v); !got.Equal(leaf.Shape) {
		l.b.Fail(fmt.Sprintf("assign: %s is %s, found %s", name, leaf.Shape, got))
	}
}
