package train

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/link"
)

// ports is the memory through which the host and the step's program speak, found
// once so that a step allocates nothing. What the program does not have is empty.
type ports struct {
	step, steps, key, index, loss buf.Buf
	batch                         []buf.Buf // of each output of the view program
	indices                       []uint32  // of the batch's images in the dataset
	metrics                       []metric
	values                        map[string]float64
}

type metric struct {
	name string
	at   buf.Buf
}

func (t *Trainer) findPorts() ports {
	in := func(name string) buf.Buf {
		b, _ := t.Exec.Input(name)
		return b
	}
	p := ports{step: in(link.StepInput), steps: in(link.StepsInput), key: in(link.KeyInput), index: in(link.IndexInput),
		indices: make([]uint32, t.Facts.Batch), values: map[string]float64{}}
	p.loss, _ = t.Exec.Output(link.LossOutput)
	for _, o := range t.program.Outputs {
		p.batch = append(p.batch, in(link.BatchPrefix+o.Name))
	}
	for _, o := range t.Exec.Plan().Func.Outputs {
		if name, ok := strings.CutPrefix(o.Name, link.MetricPrefix); ok {
			b, _ := t.Exec.Output(o.Name)
			p.metrics = append(p.metrics, metric{name, b})
		}
	}
	return p
}

// feed writes the step's inputs.
func (t *Trainer) feed() {
	p := &t.ports
	for i, o := range t.held.Outputs {
		copy(p.batch[i].U8, o.Data)
	}
	k := t.root.FoldString("step").Fold(uint64(t.Step))
	put(p.step, uint32(t.Step))
	put(p.steps, uint32(t.Optim.Steps))
	put(p.key, k[0], k[1])
	put(p.index, p.indices...)
}

// put writes words where there is memory for them.
func put(b buf.Buf, words ...uint32) {
	if len(b.U8) == 0 {
		return
	}
	for i, w := range words {
		binary.LittleEndian.PutUint32(b.U8[4*i:], w)
	}
}

// read is the step's metrics.
func (p *ports) read() map[string]float64 {
	clear(p.values)
	for _, m := range p.metrics {
		p.values[m.name] = number(m.at)
	}
	return p.values
}

// number is an f32[], NaN where there is none.
func number(b buf.Buf) float64 {
	if len(b.F32) == 0 {
		return math.NaN()
	}
	return float64(b.F32[0])
}
