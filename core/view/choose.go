package view

import (
	"fmt"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
)

// cropped is the rectangle that the crop strategy chose.
func cropped(s *sample, _ *ir.Instr, index int, v *value) { v.rect = s.rects[s.p.site[index]] }

func imageRect(s *sample, _ *ir.Instr, _ int, v *value) { v.rect = Rect{0, 0, s.image.H, s.image.W} }

func constant(_ *sample, in *ir.Instr, _ int, v *value) {
	t := interp.FromBytes(in.Attrs.ShapeOf("shape"), in.Attrs.Data("value"))
	v.f, v.i = v.f[:0], v.i[:0]
	switch t.Shape.DType {
	case dtype.F32:
		for _, x := range t.V {
			v.f = append(v.f, float32(x))
		}
	case dtype.U8:
		p := v.picture(len(t.V))
		for i, x := range t.V {
			p[i] = uint8(x)
		}
	default:
		for _, x := range t.V {
			v.i = append(v.i, int32(x))
		}
	}
}

func selected(s *sample, in *ir.Instr, _ int, v *value) {
	from := in.In[2]
	if s.eval(in.In[0]).i[0] != 0 {
		from = in.In[1]
	}
	src := s.eval(from)
	v.pix, v.rect = src.pix, src.rect
	v.f, v.i = append(v.f[:0], src.f...), append(v.i[:0], src.i...)
}

func checkCall(p *Program, in *ir.Instr) error {
	if callee := in.Attrs.Str("callee"); callee != "crop" {
		return fmt.Errorf("expected a crop, found a call of %q", callee)
	}
	if s := p.f.Shape(in.Out[0]); s.DType != dtype.Rect {
		return fmt.Errorf("expected a crop to give a rectangle, found %s", s)
	}
	if p.crops == nil {
		return fmt.Errorf("the program asks for crops, and there is no crop strategy")
	}
	return nil
}

func checkConstant(p *Program, in *ir.Instr) error {
	if s := p.f.Shape(in.Out[0]); !stored(s.DType) {
		return fmt.Errorf("expected f32, i32, u8 or bool, found %s", s)
	}
	return nil
}

func checkSelect(p *Program, in *ir.Instr) error {
	if s := p.f.Shape(in.In[0]); s.Rank() != 0 {
		return fmt.Errorf("expected one condition bool[] for the whole sample, found %s", s)
	}
	return nil
}
