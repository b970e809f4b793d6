// Package train owns training: the step that plugins describe, its state, and
// the loop around it. Start from [NewTrainer].
package train

import (
	"context"
	"fmt"
	"strings"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
	"github.com/fwlab/fw/core/view"
	"github.com/fwlab/fw/core/wire"
)

// Plugins is an experiment's plugins; Loss, Crop and Augment may be nil.
type Plugins struct {
	Pretext, Backbone, Loss, Crop, Augment *client.Client
}

// Facts is what plugins are told about the run.
type Facts struct {
	Batch, Samples, Channels, ImageSize int
	NormGroups                          int // of a backbone: parts of the batch with statistics of their own; 0 means 1
}

func (f Facts) request(function string) wire.TraceRequest {
	return wire.TraceRequest{Func: function, Training: true, Samples: f.Samples, Channels: f.Channels, ImageSize: f.ImageSize, Batch: f.Batch, NormGroups: f.NormGroups}
}

// Stage traces one stage of the backbone.
func (p *Plugins) Stage(ctx context.Context, f Facts, stage string, training bool, in []shape.Shape) (*ir.Func, error) {
	req := f.request(stage)
	req.Training = training
	for i, s := range in {
		req.Inputs = append(req.Inputs, wire.Port{Name: fmt.Sprintf("x%d", i), Shape: s})
	}
	return single(p.Backbone.Trace(ctx, req, nil))
}

// single refuses a function that does not give one result.
func single(f *ir.Func, err error) (*ir.Func, error) {
	if err == nil && len(f.Outputs) != 1 {
		return nil, fmt.Errorf("trace: @%s: expected one result, found %d", f.Name, len(f.Outputs))
	}
	return f, err
}

// Views traces the view program and puts the augmentation in its place. Crops
// and what plugins compute on pixels stay calls: the view engine asks for them in batches.
func (p *Plugins) Views(ctx context.Context, f Facts) (*ir.Func, error) {
	traced, err := p.Pretext.Trace(ctx, f.request("views"), nil)
	if err != nil {
		return nil, err
	}
	flat, err := link.Flatten(traced, func(call ir.Attrs, in []shape.Shape) (*ir.Func, error) {
		switch callee := call.Str("callee"); {
		case callee == "crop" && p.Crop != nil, callee == "pixels" && p.Augment != nil:
			return nil, nil
		case callee == "augment" && p.Augment == nil:
			return identity(in[0])
		case callee == "augment":
			req := f.request("augment")
			req.View, req.Inputs = call.Int("view", 0), []wire.Port{{Name: "image", Shape: in[0]}}
			return single(p.Augment.Trace(ctx, req, nil))
		}
		return nil, fmt.Errorf("the experiment has no %s", call.Str("callee"))
	})
	if err != nil {
		return nil, err
	}
	return flat.Func, nil
}

// Calls is what view programs may ask of the plugins. An interrupt lets the step end.
func (p *Plugins) Calls(ctx context.Context) *view.Calls {
	ctx = context.WithoutCancel(ctx)
	c := &view.Calls{}
	if p.Crop != nil {
		c.Crops = func(r view.CropRequest) ([]view.Rect, error) { return p.Crop.Crops(ctx, r) }
	}
	if p.Augment != nil {
		c.Pixels = func(r view.PixelRequest) ([][]uint8, error) { return p.Augment.Pixels(ctx, r) }
	}
	return c
}

func identity(s shape.Shape) (*ir.Func, error) {
	b := trace.New("identity")
	err := trace.Trace(func() { b.Output("image", b.Input("image", s)) })
	return b.Func(), err
}

// Objective traces the objective over the view program's outputs and joins
// backbone and loss to it.
func (p *Plugins) Objective(ctx context.Context, f Facts, outputs []*view.Output) (traced *ir.Func, flat *link.Flat, err error) {
	req := f.request("objective")
	for _, o := range outputs {
		req.Inputs = append(req.Inputs, wire.Port{Name: o.Name, Shape: o.Shape})
	}
	if traced, flat, err = p.join(ctx, f, req); err != nil {
		return nil, nil, err
	}
	if _, ok := flat.Func.Output(link.LossOutput); !ok {
		return nil, nil, fmt.Errorf("link: %s: the objective has no output %q", p.Pretext.ID, link.LossOutput)
	}
	return traced, flat, nil
}

// join traces a function of the pretext task and puts backbone and loss in their places.
func (p *Plugins) join(ctx context.Context, f Facts, req wire.TraceRequest) (traced *ir.Func, flat *link.Flat, err error) {
	find := func(call ir.Attrs, in []shape.Shape) (*ir.Func, error) {
		callee, f := call.Str("callee"), f
		f.NormGroups = call.Int("groups", 0)
		if stage, ok := strings.CutPrefix(callee, "backbone."); ok {
			return p.Stage(ctx, f, stage, req.Training && !call.Bool("inference"), in)
		}
		if callee != "loss" || p.Loss == nil {
			return nil, fmt.Errorf("the experiment has no %s", callee)
		}
		req := f.request("loss")
		for i, s := range in {
			req.Inputs = append(req.Inputs, wire.Port{Name: fmt.Sprintf("x%d", i), Shape: s})
		}
		return single(p.Loss.Trace(ctx, req, nil))
	}
	traced, err = p.Pretext.Trace(ctx, req, func(callee string, in []shape.Shape) (shape.Shape, error) {
		g, err := find(ir.NewAttrs(ir.String("callee", callee)), in)
		if err != nil {
			return shape.Shape{}, err
		}
		return g.Shape(g.Outputs[0].Value), nil
	})
	if err != nil {
		return nil, nil, err
	}
	flat, err = link.Flatten(traced, find)
	return traced, flat, err
}

// Encoder is the backbone alone, with frozen statistics: x f32[n,S,S,C] to
// features f32[n,D].
func (p *Plugins) Encoder(ctx context.Context, f Facts, n int, scope string) (*link.Flat, error) {
	x := shape.F32(n, f.ImageSize, f.ImageSize, f.Channels)
	g, err := p.Stage(ctx, f, "pooled", false, []shape.Shape{x})
	if err != nil {
		return nil, err
	}
	b := trace.New("encoder")
	b.ResolveCalls(func(string, []shape.Shape) (shape.Shape, error) { return g.Shape(g.Outputs[0].Value), nil })
	if err := trace.Trace(func() { b.Output("features", b.Call("backbone.pooled", scope, b.Input("x", x))) }); err != nil {
		return nil, err
	}
	return link.Flatten(b.Func(), func(ir.Attrs, []shape.Shape) (*ir.Func, error) { return g, nil })
}

// EncoderScope is the module scope of the backbone that is evaluated: the one that
// the task names, otherwise the first that is trained.
func EncoderScope(flat *link.Flat) string {
	if flat.Encoder != "" {
		return flat.Encoder
	}
	for _, p := range flat.Params {
		if _, _, target := flat.TargetOf(p.Name); target || flat.Given(p.Name) {
			continue
		}
		if i := strings.Index("."+p.Name, ".backbone."); i >= 0 {
			return p.Name[:i+len("backbone")]
		}
	}
	return "backbone"
}
