package view

import (
	"fmt"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/view/pix"
)

// sample is the state of one worker: a memory per value, filled on demand, so
// that the branch of a select that is not taken costs nothing.
type sample struct {
	p       *Program
	image   data.Image
	key     rng.Key
	rects   []Rect
	err     error // the first
	done    []bool
	values  []value
	scratch pix.Scratch
	recolor []uint8 // the image in another number of channels
}

// value is whichever field its type needs.
type value struct {
	pix  []uint8 // u8; may be another value's memory: never written once computed
	mem  []uint8 // its own memory
	f    []float32
	i    []int32 // i32, and bool as 0 or 1
	rect Rect
}

func newSample(p *Program) *sample {
	return &sample{p: p, done: make([]bool, len(p.f.Shapes)), values: make([]value, len(p.f.Shapes))}
}

func (s *sample) begin(image data.Image, key rng.Key) {
	s.image, s.key, s.err = image, key, nil
	s.recolor = s.recolor[:0]
	clear(s.done)
}

func (s *sample) eval(id ir.ID) *value {
	v := &s.values[id]
	if d := s.p.def[id]; d >= 0 && !s.done[id] {
		s.done[id] = true
		s.p.run[d](s, &s.p.f.Instrs[d], d, v)
	}
	return v
}

// fail keeps the sample's first error; the program goes on with pixels that nobody will see.
func (s *sample) fail(in *ir.Instr, expected string, found any) {
	if s.err == nil {
		s.err = s.p.fault(in, fmt.Sprintf("expected %s, found %v", expected, found))
	}
}

// stream draws for the instruction at index.
func (s *sample) stream(index int) rng.Stream { return s.key.Fold(uint64(index)).Stream() }

func (s *sample) dims(in *ir.Instr) []int { return s.p.f.Shape(in.Out[0]).Dims }

// number is the f32[] operand i.
func (s *sample) number(in *ir.Instr, i int) float32 { return s.eval(in.In[i]).f[0] }

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

// picture is v's own memory for n bytes.
func (v *value) picture(n int) []uint8 {
	if cap(v.mem) < n {
		v.mem = make([]uint8, n)
	}
	v.mem = v.mem[:n]
	v.pix = v.mem
	return v.mem
}
