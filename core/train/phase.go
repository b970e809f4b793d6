package train

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/eval"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/view"
	"github.com/fwlab/fw/core/wire"
)

// drawName is what the images that an epoch goes through are called in a
// checkpoint: i32[samples] of dataset positions.
const drawName = "sample/draw"

// phaseBatch is how many images go through a phase's function at once.
const phaseBatch = 250

// phase is a function of the pretext task over the whole training set.
type phase struct {
	link.Phase
	flat         *link.Flat
	batch, whole *ir.Func
	collects     []string
}

// buildPhases traces the phases, so that what is wrong with one is known before
// the first step.
func (t *Trainer) buildPhases(ctx context.Context) error {
	for _, p := range t.Flat.Phases {
		x := &phase{Phase: p}
		if slices.ContainsFunc(t.phases, func(o *phase) bool { return o.Name == p.Name }) {
			return fmt.Errorf("link: two phases are called %q", p.Name)
		}
		var err error
		if x.flat, err = t.Plugins.Phase(ctx, t.Facts, p.Name, min(phaseBatch, t.Facts.Samples)); err != nil {
			return err
		}
		if x.batch, x.whole, x.collects, err = x.flat.Halves(); err != nil {
			return err
		}
		if err := t.checkPhase(x); err != nil {
			return fmt.Errorf("link: phase %q: %w", p.Name, err)
		}
		if x.flat.Draw != nil && t.draw == nil {
			t.draw = make([]int32, t.Facts.Samples)
			for i := range t.draw {
				t.draw[i] = int32(i)
			}
		}
		t.phases = append(t.phases, x)
	}
	return nil
}

// checkPhase holds a phase's function against the step, whose state it reads and changes.
func (t *Trainer) checkPhase(p *phase) error {
	for _, leaf := range slices.Concat(p.flat.Params, p.flat.States) {
		prefix := link.StatePrefix
		if p.flat.Param(leaf.Name) == leaf {
			prefix = link.ParamPrefix
		}
		switch have, ok := t.State.tensors[prefix+leaf.Name]; {
		case !ok:
			return fmt.Errorf("%s, declared at %s:%d, is no parameter or state of the objective", leaf.Name, leaf.Loc.File, leaf.Loc.Line)
		case !have.Shape.Equal(leaf.Shape):
			return fmt.Errorf("%s, declared at %s:%d: expected %s as in the objective, found %s", leaf.Name, leaf.Loc.File, leaf.Loc.Line, have.Shape, leaf.Shape)
		}
	}
	for _, scope := range p.flat.Restarts {
		if !slices.ContainsFunc(t.Flat.Params, func(x *link.Leaf) bool { return strings.HasPrefix(x.Name, scope+".") }) {
			return fmt.Errorf("module %s is to start afresh, but no parameter is there", scope)
		}
	}
	for i, o := range p.batch.Outputs {
		if got := p.batch.Shape(o.Value); got.Dims[0] != min(phaseBatch, t.Facts.Samples) {
			return fmt.Errorf("collects %s: expected a row for each of the batch's images, found %s", p.collects[i], got)
		}
		v, _ := p.whole.Input(o.Name)
		if got := p.whole.Shape(v); got.Dims[0] != t.Facts.Samples {
			return fmt.Errorf("collects a row for %d images, the training set has %d", got.Dims[0], t.Facts.Samples)
		}
	}
	if d := p.flat.Draw; d != nil && p.whole.Shape(d.Value).Dims[0] != t.Facts.Samples {
		return fmt.Errorf("draws %s, expected as many as the training set has, %d", p.whole.Shape(d.Value), t.Facts.Samples)
	}
	return nil
}

// Phase traces a phase's function over batches of n whole images, with the
// statistics of evaluation.
func (p *Plugins) Phase(ctx context.Context, f Facts, name string, n int) (*link.Flat, error) {
	f.Batch = n
	req := f.request("phase." + name)
	req.Training = false
	req.Inputs = []wire.Port{{Name: "images", Shape: shape.F32(n, f.ImageSize, f.ImageSize, f.Channels)}}
	_, flat, err := p.join(ctx, f, req)
	return flat, err
}

// RunPhases runs the phases that are due after the epochs done, in the order in
// which the task asks for them, and returns the metrics they log. It is nil where
// none was due.
func (t *Trainer) RunPhases(ctx context.Context) (map[string]float64, error) {
	per := t.StepsPerEpoch()
	var metrics map[string]float64
	for _, p := range t.phases {
		if t.Step%per != 0 || !p.Due(t.Step/per, t.epochs()) {
			continue
		}
		t.rewind() // as batches may be filled by the old draw
		if metrics == nil {
			metrics = map[string]float64{}
		}
		if err := t.runPhase(ctx, p, metrics); err != nil {
			return nil, fmt.Errorf("train: phase %q after epoch %d: %w", p.Name, t.Step/per, err)
		}
	}
	return metrics, nil
}

func (t *Trainer) runPhase(ctx context.Context, p *phase, metrics map[string]float64) error {
	key := t.root.FoldString("phase").FoldString(p.Name).Fold(uint64(t.Step / t.StepsPerEpoch()))
	rows, err := t.collect(ctx, p, key)
	if err != nil {
		return err
	}
	ex, err := t.phaseExec(p.whole, key.FoldString("whole"), rows)
	if err != nil {
		return err
	}
	if err := ex.Run(); err != nil {
		return err
	}
	next := map[string][]byte{} // all are read before one is written
	for _, o := range p.whole.Outputs {
		b, _ := ex.Output(o.Name)
		if p.whole.Shape(o.Value).DType == dtype.F32 && badValue(b.F32) >= 0 {
			return fmt.Errorf("%s is not finite", inWords(o.Name))
		}
		switch name, ok := strings.CutPrefix(o.Name, link.MetricPrefix); {
		case ok:
			metrics[name] = float64(b.F32[0])
		case p.flat.Draw != nil && o.Name == p.flat.Draw.Name:
			draw := slices.Clone(b.I32)
			if err := checkDraw(draw); err != nil {
				return err
			}
			t.draw = draw
		default:
			next[o.Name] = slices.Clone(b.U8)
		}
	}
	for name, data := range next {
		copy(t.State.tensors[name].Data, data)
	}
	return t.restart(p, key)
}

// phaseExec compiles one half of a phase over the trainer's state and more inputs.
func (t *Trainer) phaseExec(f *ir.Func, key rng.Key, more map[string]buf.Buf) (*exec.Executable, error) {
	c, err := compile.Func(f)
	if err != nil {
		return nil, err
	}
	inputs := t.State.Buffers()
	maps.Copy(inputs, more)
	ex, err := exec.New(c, exec.Options{Pool: t.Pool, Inputs: inputs, Eval: t.evaluate})
	if err != nil {
		return nil, err
	}
	for name, words := range map[string][]uint32{link.StepInput: {uint32(t.Step)}, link.StepsInput: {uint32(t.Optim.Steps)}, link.KeyInput: key[:]} {
		if b, ok := ex.Input(name); ok {
			for i, w := range words {
				binary.LittleEndian.PutUint32(b.U8[4*i:], w)
			}
		}
	}
	return ex, nil
}

// collect runs a phase's first half over the training set: whole images without
// augmentation. A picture that cannot be read gives the row of what stands in for it.
func (t *Trainer) collect(ctx context.Context, p *phase, key rng.Key) (map[string]buf.Buf, error) {
	ex, err := t.phaseExec(p.batch, key.FoldString("batch"), nil)
	if err != nil {
		return nil, err
	}
	n := t.Facts.Samples
	batch := min(phaseBatch, n)
	plain, err := eval.Plain(t.Data, t.Facts.ImageSize, t.Facts.Channels, batch, t.Mean, t.Std)
	if err != nil {
		return nil, err
	}
	rows := map[string]buf.Buf{}
	for _, name := range p.collects {
		v, _ := p.whole.Input(name)
		rows[name] = buf.New(p.whole.Shape(v).Bytes())
	}
	at := make([]int, batch)
	skipped := map[string]bool{}
	for from := 0; from < n; from += batch {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for i := range at {
			at[i] = min(from+i, n-1) // the last batch repeats the last image
		}
		unread, err := plain.Fill(t.Pool, at, rng.New(0))
		if err != nil {
			return nil, err
		}
		t.Skipped = append(t.Skipped, slices.DeleteFunc(unread, func(r view.Replacement) bool {
			seen := skipped[r.ID]
			skipped[r.ID] = true
			return seen
		})...)
		if in, ok := ex.Input(link.BatchPrefix + "images"); ok {
			copy(in.U8, plain.Outputs[0].Data)
		}
		if err := ex.Run(); err != nil {
			return nil, err
		}
		for name, all := range rows {
			b, _ := ex.Output(name)
			row := len(b.U8) / batch
			copy(all.U8[from*row:], b.U8)
		}
	}
	return rows, nil
}

// restart draws modules anew and clears what the optimizer keeps of them.
func (t *Trainer) restart(p *phase, key rng.Key) error {
	for _, scope := range p.flat.Restarts {
		fresh := func(prefix string, leaves []*link.Leaf) error {
			for _, x := range leaves {
				if !strings.HasPrefix(x.Name, scope+".") {
					continue
				}
				v, err := initial(x.Shape, x.Attrs, key.FoldString("restart").FoldString(x.Name), t.Pool)
				if err != nil {
					return err
				}
				copy(t.State.tensors[prefix+x.Name].Data, v.Data)
			}
			return nil
		}
		if err := fresh(link.ParamPrefix, t.Flat.Params); err != nil {
			return err
		}
		if err := fresh(link.StatePrefix, t.Flat.States); err != nil {
			return err
		}
		for _, s := range t.slots {
			if strings.HasPrefix(s.Name, link.OptimPrefix+scope+".") {
				clear(t.State.tensors[s.Name].Data)
			}
		}
	}
	return nil
}

// checkDraw refuses positions outside of the dataset.
func checkDraw(draw []int32) error {
	for i, x := range draw {
		if x < 0 || int(x) >= len(draw) {
			return fmt.Errorf("draw: element %d: expected a position below %d, found %d", i, len(draw), x)
		}
	}
	return nil
}

// drawOf reads a checkpoint's draw, which may be anything.
func drawOf(t tensor.Tensor, n int) ([]int32, error) {
	if want := shape.Of(dtype.I32, n); !t.Shape.Equal(want) {
		return nil, fmt.Errorf("train: state: %s: expected %s, the checkpoint has %s", drawName, want, found(t))
	}
	draw := slices.Clone(t.I32())
	if err := checkDraw(draw); err != nil {
		return nil, fmt.Errorf("train: state: %s: %w", drawName, err)
	}
	return draw, nil
}

// drawn is the images of one batch of an epoch whose order is given.
func (t *Trainer) drawn(order []int) []int {
	if t.draw == nil {
		return order
	}
	out := make([]int, len(order))
	for i, x := range order {
		out[i] = int(t.draw[x])
	}
	return out
}
