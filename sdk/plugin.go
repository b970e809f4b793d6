// Package sdk is all that a plugin author imports. A plugin is an ordinary
// value with a method that reads like its paper; its parameters are declared as
// the standard library's flag package does it. Start from [Pretext], [Loss],
// [Crop], [Augment] or [Backbone], then [Plugin.Serve].
//
// The same source builds to a process and to a WASM module, so nothing here
// uses fmt or reflection.
package sdk

import (
	"errors"
	"slices"
	"strconv"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
	"github.com/fwlab/fw/core/wire"
)

// Builder traces calls into a program; Value is a value of it.
type (
	Builder = trace.Builder
	Value   = trace.Value
)

// Plugin is one declared plugin.
type Plugin struct {
	info    wire.PluginInfo
	set     []func(schema.Value)
	ordered [][2]int // parameters of which the first is not above the second
	checks  []func() (param, why string)
	trace   func(req *wire.TraceRequest) (*ir.Program, error)
	crop    func(req *wire.CropRequest) (*wire.CropReply, error)
	eval    func(req *wire.EvalRequest) (*wire.EvalReply, error)
}

func newPlugin(kind, id, version, style string) *Plugin {
	return &Plugin{info: wire.PluginInfo{ID: id, Kind: kind, Version: version, Style: style}}
}

// Info is what the plugin says of itself.
func (p *Plugin) Info() wire.PluginInfo { return p.info }

// Doc sets the plugin's one-sentence description, with its source.
func (p *Plugin) Doc(s string) *Plugin { p.info.Doc = s; return p }

// Defaults names the loss, crop and augmentation that a pretext task is published with.
func (p *Plugin) Defaults(loss, crop, augment string) *Plugin {
	p.info.DefaultLoss, p.info.DefaultCrop, p.info.DefaultAugment = loss, crop, augment
	return p
}

// Range limits a parameter.
type Range func(*schema.Param)

// AtLeast is an inclusive lower bound.
func AtLeast(x float64) Range { return func(p *schema.Param) { p.HasMin, p.Min = true, x } }

// Above is an exclusive lower bound.
func Above(x float64) Range {
	return func(p *schema.Param) { p.HasMin, p.Min, p.MinOpen = true, x, true }
}

// AtMost is an inclusive upper bound.
func AtMost(x float64) Range { return func(p *schema.Param) { p.HasMax, p.Max = true, x } }

// Below is an exclusive upper bound.
func Below(x float64) Range {
	return func(p *schema.Param) { p.HasMax, p.Max, p.MaxOpen = true, x, true }
}

// Between is an inclusive range.
func Between(lo, hi float64) Range {
	return func(p *schema.Param) { AtLeast(lo)(p); AtMost(hi)(p) }
}

// OneOf lists the strings a parameter may be.
func OneOf(choices ...string) Range { return func(p *schema.Param) { p.Choices = choices } }

func (p *Plugin) declare(name, doc string, def schema.Value, ranges []Range, set func(schema.Value)) {
	s := schema.Param{Name: name, Type: def.Type, Default: def, Doc: doc}
	for _, r := range ranges {
		r(&s)
	}
	p.info.Params = append(p.info.Params, s)
	p.set = append(p.set, set)
	set(def)
}

// Float declares a parameter and sets dst to its value before every call.
func (p *Plugin) Float(dst *float64, name string, def float64, doc string, ranges ...Range) {
	p.declare(name, doc, schema.OfFloat(def), ranges, func(v schema.Value) { *dst = v.F })
}

// Int declares an integer parameter.
func (p *Plugin) Int(dst *int, name string, def int, doc string, ranges ...Range) {
	p.declare(name, doc, schema.OfInt(def), ranges, func(v schema.Value) { *dst = int(v.I) })
}

// Bool declares a flag.
func (p *Plugin) Bool(dst *bool, name string, def bool, doc string) {
	p.declare(name, doc, schema.OfBool(def), nil, func(v schema.Value) { *dst = v.Bool() })
}

// String declares a text parameter.
func (p *Plugin) String(dst *string, name, def, doc string, ranges ...Range) {
	p.declare(name, doc, schema.OfString(def), ranges, func(v schema.Value) { *dst = v.S })
}

// Floats declares a list of numbers; ranges hold for each.
func (p *Plugin) Floats(dst *[]float64, name string, def []float64, doc string, ranges ...Range) {
	p.declare(name, doc, schema.OfFloats(def...), ranges, func(v schema.Value) { *dst = v.Fs })
}

// Ints declares a list of integers.
func (p *Plugin) Ints(dst *[]int, name string, def []int, doc string, ranges ...Range) {
	p.declare(name, doc, schema.OfInts(def...), ranges, func(v schema.Value) {
		*dst = nil
		for _, x := range v.Is {
			*dst = append(*dst, int(x))
		}
	})
}

// Check refuses parameters that do not go together: once all are set, f names one
// of them and says why, or returns "".
func (p *Plugin) Check(f func() (param, why string)) { p.checks = append(p.checks, f) }

// Ordered refuses a value of the float parameter low that is above that of high.
// It comes after both are declared.
func (p *Plugin) Ordered(low, high string) {
	p.ordered = append(p.ordered, [2]int{p.declared(low), p.declared(high)})
}

func (p *Plugin) declared(name string) int {
	i := slices.IndexFunc(p.info.Params, func(s schema.Param) bool { return s.Name == name })
	if i < 0 {
		panic("sdk: " + p.info.ID + " declares no parameter " + name)
	}
	return i
}

// configure sets the parameters to the request's values, the rest to their
// defaults.
func (p *Plugin) configure(params []schema.Named) error {
	values := make([]schema.Value, len(p.info.Params))
	for i, s := range p.info.Params {
		values[i] = s.Default
	}
	for _, given := range params {
		known := false
		for i := range p.info.Params {
			s := &p.info.Params[i]
			if s.Name != given.Name {
				continue
			}
			known = true
			v, err := s.Check(given.Value)
			if err != nil {
				return wire.ParamFault(p.info.ID, given.Name, err.Error())
			}
			values[i] = v
		}
		if !known {
			return errors.New(p.info.ID + ": unknown parameter " + strconv.Quote(given.Name))
		}
	}
	for _, o := range p.ordered {
		if low, high := values[o[0]], values[o[1]]; low.F > high.F {
			return wire.ParamFault(p.info.ID, p.info.Params[o[0]].Name, "expected at most "+p.info.Params[o[1]].Name+", which is "+high.String()+", found "+low.String())
		}
	}
	for i, v := range values {
		p.set[i](v)
	}
	for _, f := range p.checks {
		if param, why := f(); param != "" {
			return wire.ParamFault(p.info.ID, param, why)
		}
	}
	return nil
}

// Handler answers calls for a list of plugins.
func Handler(plugins ...*Plugin) func(m abi.Method, request []byte) ([]byte, error) {
	find := func(id string) (*Plugin, error) {
		for _, p := range plugins {
			if p.info.ID == id {
				return p, nil
			}
		}
		return nil, errors.New("no plugin " + strconv.Quote(id) + " here")
	}
	return func(m abi.Method, request []byte) ([]byte, error) {
		switch m {
		case abi.Describe:
			reply := wire.DescribeReply{ABI: abi.Version, IRVersion: ir.Version}
			for _, p := range plugins {
				reply.Plugins = append(reply.Plugins, p.info)
			}
			return wire.Marshal(nil, &reply), nil
		case abi.Trace:
			var req wire.TraceRequest
			if err := wire.Unmarshal(request, &req); err != nil {
				return nil, err
			}
			p, err := find(req.Plugin)
			if err != nil {
				return nil, err
			}
			return p.answerTrace(&req)
		case abi.Crop:
			var req wire.CropRequest
			if err := wire.Unmarshal(request, &req); err != nil {
				return nil, err
			}
			p, err := find(req.Plugin)
			if err != nil {
				return nil, err
			}
			if p.crop == nil {
				return nil, errors.New(p.info.ID + " is no crop")
			}
			if err := p.configure(req.Params); err != nil {
				return nil, err
			}
			reply, err := p.crop(&req)
			if err != nil {
				return nil, err
			}
			return wire.Marshal(nil, reply), nil
		case abi.Eval:
			var req wire.EvalRequest
			if err := wire.Unmarshal(request, &req); err != nil {
				return nil, err
			}
			p, err := find(req.Plugin)
			if err != nil {
				return nil, err
			}
			if p.eval == nil {
				return nil, errors.New(p.info.ID + " evaluates nothing")
			}
			if err := p.configure(req.Params); err != nil {
				return nil, err
			}
			reply, err := p.eval(&req)
			if err != nil {
				return nil, err
			}
			return wire.Marshal(nil, reply), nil
		}
		return nil, errors.New("unknown method " + strconv.Itoa(int(m)))
	}
}

// needed ends a trace that met a callee whose result's shape is not known yet.
type needed struct{ signature wire.Signature }

func (n *needed) Error() string { return "needs the shape of " + n.signature.Callee }

func (p *Plugin) answerTrace(req *wire.TraceRequest) ([]byte, error) {
	if p.trace == nil {
		return nil, errors.New(p.info.ID + " traces nothing")
	}
	if err := p.configure(req.Params); err != nil {
		return nil, err
	}
	var reply wire.TraceReply
	prog, err := p.trace(req)
	var n *needed
	switch {
	case errors.As(err, &n):
		reply.Need = &n.signature
	case err != nil:
		return nil, err
	default:
		reply.Program = prog
	}
	return wire.Marshal(nil, &reply), nil
}

// resolver answers calls from the request's known signatures.
func resolver(req *wire.TraceRequest) trace.CallResolver {
	return func(callee string, in []shape.Shape) (shape.Shape, error) {
		if callee == "loss" {
			return shape.F32(), nil
		}
		for _, k := range req.Known {
			if k.Callee == callee && sameShapes(k.In, in) {
				return k.Out, nil
			}
		}
		return shape.Shape{}, &needed{wire.Signature{Callee: callee, In: in}}
	}
}

func sameShapes(a, b []shape.Shape) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}

// tracing runs f on a fresh Builder of the request's function.
func tracing(req *wire.TraceRequest, f func(b *Builder)) (*ir.Program, error) {
	b := trace.New(req.Func)
	b.ResolveCalls(resolver(req))
	if err := trace.Trace(func() { f(b) }); err != nil {
		return nil, err
	}
	b.Func().Compact()
	return &ir.Program{Version: ir.Version, Funcs: []*ir.Func{b.Func()}}, nil
}
