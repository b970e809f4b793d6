package link

import (
	"fmt"
	"strings"

	"github.com/fwlab/fw/core/ir"
)

// Phase is a function of the pretext task over the whole training set.
type Phase struct {
	Name  string
	First int // epochs done when it is run first
	Every int // epochs from one time to the next; 0: once
}

// Due reports whether the phase is run after done of so many epochs: never after
// the last, as nothing would see what it gives.
func (p *Phase) Due(done, epochs int) bool {
	switch past := done - p.First; {
	case past < 0 || done >= epochs:
		return false
	case past == 0:
		return true
	default:
		return p.Every > 0 && past%p.Every == 0
	}
}

// collected is the name of the i-th value that a phase collects: of a batch, and of
// the whole set.
func collected(i int) string { return fmt.Sprintf("collect/%d", i) }

// Halves cuts a phase's flat function at its collects: batch gives the rows of a
// batch, as outputs; whole has those of the whole set as inputs of the same names,
// and gives the next states, the draw and the metrics.
func (l *Flat) Halves() (batch, whole *ir.Func, names []string, err error) {
	batch, whole = l.Func.Clone(), l.Func.Clone()
	batch.Outputs, whole.Outputs, whole.Instrs = nil, nil, nil
	perImage := map[ir.ID]bool{} // values of a batch
	for _, p := range l.Func.Inputs {
		perImage[p.Value] = strings.HasPrefix(p.Name, BatchPrefix)
	}
	for i := range l.Func.Instrs {
		in := &l.Func.Instrs[i]
		if in.Op == "collect" {
			name := collected(len(names))
			names = append(names, name)
			batch.Outputs = append(batch.Outputs, ir.Port{Name: name, Value: in.In[0]})
			whole.Inputs = append(whole.Inputs, ir.Port{Name: name, Value: in.Out[0]})
			continue
		}
		whole.Instrs = append(whole.Instrs, *in)
		for _, v := range in.In {
			for _, o := range in.Out {
				perImage[o] = perImage[o] || perImage[v]
			}
		}
	}
	if len(names) == 0 {
		return nil, nil, nil, fmt.Errorf("link: @%s collects nothing of the images", l.Func.Name)
	}
	give := func(name string, v ir.ID) {
		if perImage[v] && err == nil {
			err = fmt.Errorf("link: @%s: %s is of one batch; Collect it from the whole set first", l.Func.Name, name)
		}
		whole.Outputs = append(whole.Outputs, ir.Port{Name: name, Value: v})
	}
	for _, s := range l.States {
		if s.Next != s.Input {
			give(StatePrefix+s.Name, s.Next)
		}
	}
	if l.Draw != nil {
		give(l.Draw.Name, l.Draw.Value)
	}
	for _, m := range l.Metrics {
		give(MetricPrefix+m.Name, m.Value)
	}
	return batch, whole, names, err
}
