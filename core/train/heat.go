package train

import (
	"context"
	"fmt"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/eval"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/localize"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
	"github.com/fwlab/fw/core/view"
)

// heats is, of each Heat, the backbone's stage that it is made of, f32[n,h,w,D] or
// f32[n,h,w] by its rank, and how.
var heats = map[localize.Heat]struct {
	stage string
	rank  int
	make  func(m trace.Value) trace.Value
}{
	localize.Sum:       {"map", 4, func(m trace.Value) trace.Value { return m.Sum(3) }},
	localize.Norm:      {"map", 4, func(m trace.Value) trace.Value { return m.Mul(m).Sum(3).Sqrt() }},
	localize.Attention: {"attention", 3, func(m trace.Value) trace.Value { return m }},
}

// HeatMap is where the backbone looks, with frozen statistics, one number a place:
// x f32[n,S,S,C] to features f32[n,h,w].
func (p *Plugins) HeatMap(ctx context.Context, f Facts, n int, scope string, heat localize.Heat) (*link.Flat, error) {
	row := heats[heat]
	x := shape.F32(n, f.ImageSize, f.ImageSize, f.Channels)
	g, err := p.Stage(ctx, f, row.stage, false, []shape.Shape{x})
	if err != nil {
		return nil, fmt.Errorf("localization: heat %q: %w", heat, err)
	}
	out := g.Shape(g.Outputs[0].Value)
	if out.Rank() != row.rank || out.Dims[0] != n {
		want := map[int]string{3: "h,w", 4: "h,w,D"}[row.rank]
		return nil, fmt.Errorf("link: backbone %q: its stage %s must be f32[%d,%s] for %s, found %s", p.Backbone.ID, row.stage, n, want, x, out)
	}
	b := trace.New("heat")
	b.ResolveCalls(func(string, []shape.Shape) (shape.Shape, error) { return out, nil })
	err = trace.Trace(func() {
		b.Output("features", row.make(b.Call("backbone."+row.stage, scope, b.Input("x", x))))
	})
	if err != nil {
		return nil, err
	}
	return link.Flatten(b.Func(), func(ir.Attrs, []shape.Shape) (*ir.Func, error) { return g, nil })
}

// looker makes heat maps of images of the training set, with the encoder of a state
// as it is at each call, of whole images without augmentation.
type looker struct {
	data  data.Dataset
	pool  *pool.Pool
	plain *view.Program
	ex    *exec.Executable
	batch int
	h, w  int // of a map
}

func (t *Trainer) looker(ctx context.Context, s *State, batch int) (*looker, error) {
	flat, err := t.Plugins.HeatMap(ctx, t.Facts, batch, EncoderScope(t.Flat), t.Localization.Heat)
	if err != nil {
		return nil, err
	}
	dims := flat.Func.Shape(flat.Func.Outputs[0].Value).Dims
	f, err := compile.Func(flat.Func)
	if err != nil {
		return nil, err
	}
	l := &looker{data: t.Data, pool: t.Pool, batch: batch, h: dims[1], w: dims[2]}
	if l.ex, err = exec.New(f, exec.Options{Pool: t.Pool, Inputs: s.Buffers()}); err != nil {
		return nil, err
	}
	l.plain, err = eval.Plain(t.Data, t.Facts.ImageSize, t.Facts.Channels, batch, t.Mean, t.Std)
	return l, err
}

// maps is a row of h*w numbers for each image at those positions that can be read.
func (l *looker) maps(at []int) (*eval.Features, error) {
	return eval.Extract(l.data, at, l.plain, l.ex, l.batch, l.pool)
}

// Heat is a map of where the encoder looks in an image, scaled to 0 to 1.
type Heat struct {
	H, W   int
	Values []float32
}

// Heats is the heat map of each image at the given positions, nil where there is
// nothing to see; none at all without localisation.
func (t *Trainer) Heats(ctx context.Context, at []int) ([]*Heat, error) {
	if t.Localization == nil {
		return nil, nil
	}
	l, err := t.looker(ctx, t.State, len(at))
	if err != nil {
		return nil, err
	}
	f, err := l.maps(at)
	if err != nil {
		return nil, err
	}
	of := map[int]*Heat{}
	for r := range f.N {
		if v, ok := localize.Scaled(f.Row(r)); ok {
			of[f.Index[r]] = &Heat{l.h, l.w, v}
		}
	}
	list := make([]*Heat, len(at))
	for i, x := range at {
		list[i] = of[x]
	}
	return list, nil
}
