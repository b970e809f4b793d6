package train

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/view"
)

// ports is the memory through which the host and a program speak, found once so
// that a step allocates nothing. What the program does not have is empty.
type ports struct {
	step, steps, key, index, label, loss buf.Buf
	batch                                []buf.Buf // of each output of the view program
	metrics                              []metric
}

type metric struct {
	name string
	at   buf.Buf
}

func portsOf(ex *exec.Executable, batch []*view.Output) ports {
	in := func(name string) buf.Buf {
		b, _ := ex.Input(name)
		return b
	}
	p := ports{step: in(link.StepInput), steps: in(link.StepsInput), key: in(link.KeyInput), index: in(link.IndexInput), label: in(link.LabelInput)}
	p.loss, _ = ex.Output(link.LossOutput)
	for _, o := range batch {
		p.batch = append(p.batch, in(link.BatchPrefix+o.Name))
	}
	for _, o := range ex.Plan().Func.Outputs {
		if name, ok := strings.CutPrefix(o.Name, link.MetricPrefix); ok {
			b, _ := ex.Output(o.Name)
			p.metrics = append(p.metrics, metric{name, b})
		}
	}
	return p
}

// feed writes a batch, made of the images at those places of the dataset.
func (p *ports) feed(batch *view.Program, indices []int, d data.Dataset) {
	for i, o := range batch.Outputs {
		copy(p.batch[i].U8, o.Data)
	}
	if at := p.index.U32; len(at) > 0 {
		for i, x := range indices {
			at[i] = uint32(x)
		}
	}
	if at := p.label.I32; len(at) > 0 {
		for i, x := range indices {
			at[i] = -1
			if l, ok := d.Label(x); ok {
				at[i] = int32(l)
			}
		}
	}
}

// clock says which of how many updates it is, and gives its randomness.
func (p *ports) clock(step, steps int, k rng.Key) {
	put(p.step, uint32(step))
	put(p.steps, uint32(steps))
	put(p.key, k[0], k[1])
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

// add adds so much of the program's metrics to values.
func (p *ports) add(values map[string]float64, share float64) {
	for _, m := range p.metrics {
		values[m.name] += share * number(m.at)
	}
}

// number is an f32[], NaN where there is none.
func number(b buf.Buf) float64 {
	if len(b.F32) == 0 {
		return math.NaN()
	}
	return float64(b.F32[0])
}
