package view

import (
	"fmt"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
)

// called is the rectangle that the crop strategy chose, or the pixels that a
// plugin computed.
func called(s *sample, in *ir.Instr, index int, v *value) {
	if in.Attrs.Str("callee") == pixelsCallee {
		painted(s, in, index, v)
		return
	}
	v.rect = s.rects[s.p.site[index]]
}

func imageRect(s *sample, _ *ir.Instr, _ int, v *value) { v.rect = Rect{H: s.image.H, W: s.image.W} }

func constant(s *sample, in *ir.Instr, _ int, v *value) { v.Buf = s.p.constants[in.Out[0]] }

// keepConstant holds the elements of a constant for all samples and workers.
func keepConstant(p *Program, in *ir.Instr) error {
	s := p.f.Shape(in.Out[0])
	if !stored(s.DType) {
		return fmt.Errorf("expected f32, i32, u32, u8 or bool, found %s", s)
	}
	b := buf.New(s.Bytes())
	copy(b.U8, interp.FromBytes(s, in.Attrs.Data("value")).Bytes())
	p.constants[in.Out[0]] = b
	return nil
}

// selected is one of two values, of which only that is computed; with a
// condition for each element both are.
func selected(s *sample, in *ir.Instr, index int, v *value) {
	if s.p.f.Shape(in.In[0]).Rank() > 0 {
		computed(s, in, index, v)
		return
	}
	src := s.eval(s.taken(in))
	v.Buf, v.rect = src.Buf, src.rect
}

// taken is the operand that a select of one condition chooses.
func (s *sample) taken(in *ir.Instr) ir.ID {
	if s.eval(in.In[0]).U8[0] != 0 {
		return in.In[1]
	}
	return in.In[2]
}

func note(*sample, *ir.Instr, int, *value) {}

func checkCall(p *Program, in *ir.Instr) error {
	out := p.f.Shape(in.Out[0])
	switch callee := in.Attrs.Str("callee"); {
	case callee == pixelsCallee:
		return p.checkPixels(in)
	case callee != "crop":
		return fmt.Errorf("expected a crop, found a call of %q", callee)
	case out.DType != dtype.Rect:
		return fmt.Errorf("expected a crop to give a rectangle, found %s", out)
	case p.calls.Crops == nil:
		return fmt.Errorf("the program asks for crops, and there is no crop strategy")
	}
	return nil
}

func checkSelect(p *Program, in *ir.Instr) error {
	if p.f.Shape(in.In[0]).Rank() > 0 {
		return checkComputed(p, in)
	}
	return nil
}
