package view

import (
	"fmt"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/view/pix"
)

// sample is the state of one worker: a memory per value, filled on demand, so
// that the branch of a select that is not taken costs nothing.
type sample struct {
	p       *Program
	image   data.Image
	key     rng.Key // of the sample
	batch   rng.Key // of the batch
	rects   []Rect
	answers [][]uint8 // of the pixel sites; nil where none is there yet
	asked   [][]uint8 // what is asked of them, nil for nothing
	err     error     // the first
	done    []bool
	open    []bool // of each value: it waits for an answer
	values  []value
	singles []*exec.Single // of instructions on plain tensors, once they were met
	scratch pix.Scratch
	recolor []uint8 // the image in another number of channels
}

// value is the elements of a tensor, or a rectangle.
type value struct {
	buf.Buf         // may be another value's memory: never written once computed
	own     buf.Buf // its own memory
	rect    Rect
}

func newSample(p *Program) *sample {
	n := len(p.f.Shapes)
	return &sample{p: p, done: make([]bool, n), open: make([]bool, n), values: make([]value, n), singles: make([]*exec.Single, len(p.f.Instrs)), asked: make([][]uint8, len(p.pixels))}
}

func (s *sample) begin(image data.Image, key, batch rng.Key) {
	s.image, s.key, s.batch, s.err = image, key, batch, nil
	s.recolor = s.recolor[:0]
	clear(s.done)
	clear(s.open)
	clear(s.asked)
}

func (s *sample) eval(id ir.ID) *value {
	v := &s.values[id]
	d := s.p.def[id]
	if d < 0 || s.done[id] {
		return v
	}
	in := &s.p.f.Instrs[d]
	for _, out := range in.Out {
		s.done[out] = true
	}
	s.p.run[d](s, in, d, v)
	if len(s.p.pixels) > 0 {
		s.spread(in)
	}
	return v
}

// spread marks what was computed from a value that waits for an answer.
func (s *sample) spread(in *ir.Instr) {
	for _, x := range in.In {
		if s.done[x] && s.open[x] {
			for _, out := range in.Out {
				s.open[out] = true
			}
		}
	}
}

// fail keeps the sample's first error; the program goes on with pixels that nobody will see.
func (s *sample) fail(in *ir.Instr, expected string, found any) {
	if s.err == nil {
		s.err = s.p.fault(in, fmt.Sprintf("expected %s, found %v", expected, found))
	}
}

// stream draws for the instruction at index.
func (s *sample) stream(in *ir.Instr, index int) rng.Stream {
	key := s.key
	if in.Attrs.Bool("batch") {
		key = s.batch
	}
	return key.Fold(uint64(index)).Stream()
}

func (s *sample) dims(in *ir.Instr) []int { return s.p.f.Shape(in.Out[0]).Dims }

// number is the f32[] operand i.
func (s *sample) number(in *ir.Instr, i int) float32 { return s.eval(in.In[i]).F32[0] }

// channels is the image's pixels with c channels: grey repeated, colour averaged to luma.
func (s *sample) channels(c int) []uint8 {
	if s.image.C == c {
		return s.image.Pix
	}
	if len(s.recolor) == 0 {
		s.recolor = pix.Recolor(s.recolor, s.image.Pix, c)
	}
	return s.recolor
}

// lend makes the place where an output goes the memory of its value, if an op of
// view programs computes it: what kernels are bound to must stay.
func (s *sample) lend(id ir.ID, to []byte) {
	if d := s.p.def[id]; d >= 0 && !s.done[id] && s.p.f.Instrs[d].Op == "image_normalize" {
		s.values[id].own = buf.Of(to)
	}
}

// home is the memory of a value's own, whatever it holds.
func (s *sample) home(id ir.ID) buf.Buf {
	v := &s.values[id]
	if v.own.U8 == nil {
		v.own = buf.New(s.p.f.Shape(id).Bytes())
	}
	return v.own
}

// fresh makes the value id its own memory, and returns it.
func (s *sample) fresh(id ir.ID) buf.Buf {
	s.values[id].Buf = s.home(id)
	return s.values[id].Buf
}
