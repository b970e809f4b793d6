package train

import (
	"fmt"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/view"
)

// Pictures is what the objective shows of a batch that is filled, at the given
// step, with the state as it is; nothing where the pretext task shows nothing.
// Each output is f32[V*B,H,W,C], normalised as views are.
func (t *Trainer) Pictures(batch *view.Program, indices []int, step int) ([]*view.Output, error) {
	if len(t.Flat.Pictures) == 0 {
		return nil, nil
	}
	f := t.Stages["linked"].Clone()
	f.Outputs = t.Flat.Pictures
	named := map[string]bool{}
	for _, p := range f.Outputs {
		if named[p.Name] {
			return nil, fmt.Errorf("train: %s shows two pictures named %q: expected different names", t.Plugins.Pretext.ID, p.Name)
		}
		named[p.Name] = true
		if s := f.Shape(p.Value); s.Dims[0]%t.Facts.Batch != 0 {
			return nil, fmt.Errorf("train: %s: picture %q: expected f32[V*%d,H,W,C] for a batch of %d, found %s", t.Plugins.Pretext.ID, p.Name, t.Facts.Batch, t.Facts.Batch, s)
		}
	}
	c, err := compile.Func(f)
	if err != nil {
		return nil, err
	}
	ex, err := exec.New(c, exec.Options{Pool: t.Pool, Inputs: t.State.Buffers(), Eval: t.evaluate})
	if err != nil {
		return nil, err
	}
	p := portsOf(ex, batch.Outputs)
	p.feed(batch, indices, t.Data)
	p.clock(step, t.Optim.Steps, t.stepKey(step))
	if err := ex.Run(); err != nil {
		return nil, err
	}
	var out []*view.Output
	for i, p := range f.Outputs {
		data, _ := ex.Output(p.Name)
		if dims := c.Shape(c.Outputs[i].Value).Dims; t.Flat.Pixels[p.Name] && len(t.Mean) > 0 {
			for j, x := range data.F32 {
				channel := j % dims[len(dims)-1] % len(t.Mean)
				data.F32[j] = (x - float32(t.Mean[channel])) / float32(t.Std[channel])
			}
		}
		out = append(out, &view.Output{Name: p.Name, Shape: shape.F32(c.Shape(c.Outputs[i].Value).Dims...), Data: data.U8})
	}
	return out, nil
}
