package sdktest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/sdk"
)

// What traces are told of the run.
const (
	batch   = 16
	samples = 50_000
)

// Sides of images: a task whose defaults are for larger ones than the first is asked for the second.
const side, largeSide = 64, 224

func (p *subject) request(function string, in ...wire.Port) *wire.TraceRequest {
	return &wire.TraceRequest{Plugin: p.info.ID, Func: function, Inputs: in, Training: true, Samples: samples, Channels: 3, ImageSize: p.side, Batch: batch}
}

// requests are what the plugin must answer with its defaults.
func (p *subject) requests() (list []Request, err error) {
	add := func(name string, req *wire.TraceRequest) {
		list = append(list, Request{name, abi.Trace, wire.Marshal(nil, req)})
	}
	switch p.info.Kind {
	case "pretext":
		views := p.request("views")
		f, err := p.trace(views)
		if p.refuses(err) {
			p.side = largeSide
			views = p.request("views")
			f, err = p.trace(views)
		}
		add("views", views)
		if err != nil {
			return nil, err
		}
		objective := p.request("objective", outputs(f)...)
		_, err = p.trace(objective) // which then knows all shapes
		if p.needsAnother(err) {
			return list, nil
		}
		add("objective", objective)
		return list, err
	case "backbone":
		x := wire.Port{Name: "x", Shape: shape.F32(2, side, side, 3)}
		add("pooled", p.request("pooled", x))
		frozen := p.request("pooled", x)
		frozen.Training = false
		add("pooled, frozen", frozen)
		if places := p.request("map", x); p.has(places) {
			add("map", places)
		}
	case "augment":
		for view := range 3 {
			req := p.request("augment", wire.Port{Name: "image", Shape: shape.Of(dtype.U8, side, side, 3)})
			req.View = view
			add(fmt.Sprintf("view %d", view), req)
		}
		if p.info.Style == "eval" {
			list = append(list, Request{"pixels", abi.Eval, wire.Marshal(nil, p.pixels())})
		}
	case "loss":
		in, err := p.probe(1)
		if err != nil {
			return nil, err
		}
		add("loss", p.request("loss", ports(in)...))
		if p.info.Style == "eval" {
			list = append(list, Request{"eval", abi.Eval, wire.Marshal(nil, p.evaluation(in, nil))})
		}
	case "crop":
		list = append(list, Request{"crops", abi.Crop, wire.Marshal(nil, sweep(p.info.ID, 1, false))},
			Request{"crops by boxes", abi.Crop, wire.Marshal(nil, sweep(p.info.ID, 2, true))})
	default:
		return nil, fmt.Errorf("unknown kind %q", p.info.Kind)
	}
	return list, nil
}

// needsAnother reports whether an objective asks for another encoder than the stand-in,
// by a stage or by a parameter.
func (p *subject) needsAnother(err error) bool {
	var skipped *skip
	return errors.As(err, &skipped) || p.refuses(err)
}

// refuses reports whether a trace's error is of a parameter's value.
func (p *subject) refuses(err error) bool {
	if err == nil {
		return false
	}
	_, said, _ := strings.Cut(err.Error(), ": ")
	_, _, refused := wire.FaultyParam(p.info.ID, said)
	return refused
}

// has reports whether a backbone has a stage that it may be without.
func (p *subject) has(stage *wire.TraceRequest) bool {
	_, err := p.trace(stage)
	return err == nil
}

// maxRounds bounds how often a trace may ask for another shape.
const maxRounds = 64

// trace has a function traced and verified, and leaves the shapes that it asked for
// in the request.
func (p *subject) trace(req *wire.TraceRequest) (*ir.Func, error) {
	for range maxRounds {
		b, err := p.call(abi.Trace, wire.Marshal(nil, req))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", req.Func, err)
		}
		var reply wire.TraceReply
		if err := wire.Unmarshal(b, &reply); err != nil {
			return nil, fmt.Errorf("%s: %w", req.Func, err)
		}
		if n := reply.Need; n != nil {
			if n.Out, err = standIn(n.Callee, n.In); err != nil {
				return nil, err
			}
			req.Known = append(req.Known, *n)
			continue
		}
		if reply.Program == nil || reply.Program.Func(req.Func) == nil {
			return nil, fmt.Errorf("expected a program with function %q", req.Func)
		}
		return reply.Program.Func(req.Func), op.Verify(reply.Program)
	}
	return nil, fmt.Errorf("%s: it still asks for shapes after %d rounds", req.Func, maxRounds)
}

// width of the stand-in encoder's features, and the pixels of its cells.
const (
	width = 512
	cell  = 8
)

// standIn is the shape that a stage of some encoder gives.
func standIn(callee string, in []shape.Shape) (shape.Shape, error) {
	if len(in) != 1 || len(in[0].Dims) < 3 {
		return shape.Shape{}, fmt.Errorf("%s of %v: expected images f32[N,H,W,C] or tokens f32[N,T,D]", callee, in)
	}
	d := in[0].Dims
	switch callee {
	case "backbone.pooled":
		return shape.F32(d[0], width), nil
	case "backbone.encode":
		return in[0], nil
	case "backbone.map":
		return shape.F32(d[0], max(1, d[1]/cell), max(1, d[2]/cell), width), nil
	case "backbone.embed":
		return shape.F32(d[0], max(1, d[1]/cell*(d[2]/cell)), width), nil
	}
	return shape.Shape{}, Skipped("it calls %s, for which there is no stand-in", callee)
}

// outputs is what an objective gets of a view program: views of one size and targets
// of one name stacked, as core/view does.
func outputs(f *ir.Func) (list []wire.Port) {
	at := map[string]int{}
	add := func(name string, s shape.Shape) {
		i, ok := at[name]
		if !ok {
			i, at[name] = len(list), len(list)
			list = append(list, wire.Port{Name: name, Shape: shape.Of(s.DType, append([]int{0}, s.Dims...)...)})
		}
		list[i].Shape.Dims[0] += batch
	}
	groups := 0
	var last []int
	for _, o := range f.Outputs {
		s := f.Shape(o.Value)
		if rest, ok := strings.CutPrefix(o.Name, "target."); ok {
			add("target."+rest[:max(0, strings.LastIndexByte(rest, '.'))], s)
			continue
		}
		if last == nil || !shape.SameDims(last, s.Dims) {
			groups++
		}
		last = s.Dims
		add("views."+strconv.Itoa(groups-1), s)
	}
	return list
}

// with are a request's bytes with parameters.
func (r Request) with(params ...schema.Named) []byte {
	set := func(m wire.Message, to *[]schema.Named) []byte {
		if err := wire.Unmarshal(r.Bytes, m); err != nil {
			panic(err) // our own bytes
		}
		*to = params
		return wire.Marshal(nil, m)
	}
	switch r.Method {
	case abi.Crop:
		var m wire.CropRequest
		return set(&m, &m.Params)
	case abi.Eval:
		var m wire.EvalRequest
		return set(&m, &m.Params)
	}
	var m wire.TraceRequest
	return set(&m, &m.Params)
}

// names are of a loss's inputs.
func (p *subject) names() []string { return sdk.Inputs(p.info.Signature) }
