package view

import (
	"slices"
	"strings"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
)

// Choice is something that was done on the way to a view, such as gaussian_blur
// with its standard deviation, or a value that the author named: a note or a target.
type Choice struct {
	Name   string
	Values []float64
	Named  bool // by the author
}

// Explanation is how a view came about, in the program's order.
type Explanation []Choice

// Explanations says of each view of sample i of the last Fill, in the order of the
// program's outputs, how it came about; it needs [Program.Explain].
func (p *Program) Explanations(i int) []Explanation { return p.explained[i] }

// shownValues bounds the numbers of a choice that are kept.
const shownValues = 16

// explain follows each view back over what it was really made of: of a select
// only the branch that was taken.
func (s *sample) explain() (list []Explanation) {
	for _, o := range s.p.f.Outputs {
		kind, name, _ := strings.Cut(o.Name, ".")
		if kind != "view" {
			continue
		}
		used := map[ir.ID]bool{}
		s.trail(o.Value, used)
		e := s.choices(used)
		for _, t := range s.p.f.Outputs {
			if rest, ok := strings.CutSuffix(t.Name, "."+name); ok && strings.HasPrefix(rest, "target.") {
				if v, ok := s.shown(t.Value); ok {
					e = append(e, Choice{strings.TrimPrefix(rest, "target."), v, true})
				}
			}
		}
		list = append(list, e)
	}
	return list
}

// choices is the choices among the values that a view was made of.
func (s *sample) choices(used map[ir.ID]bool) (e Explanation) {
	for i := range s.p.f.Instrs {
		in := &s.p.f.Instrs[i]
		switch {
		case in.Op == "note" && used[in.In[0]]:
			if v, ok := s.shown(in.In[0]); ok {
				e = append(e, Choice{in.Attrs.Str("name"), v, true})
			}
		case strings.HasPrefix(in.Op, "image_") && used[in.Out[0]] && !slices.Contains(plumbing, in.Op):
			c := Choice{Name: strings.TrimPrefix(in.Op, "image_")}
			for _, x := range in.In[1:] {
				if d := s.p.f.Shape(x); d.Rank() == 0 {
					v, _ := s.shown(x)
					c.Values = append(c.Values, v...)
				}
			}
			e = append(e, c)
		}
	}
	return e
}

// plumbing is ops that say nothing of what was drawn.
var plumbing = []string{"image_rect", "image_crop_resize", "image_window", "image_to_float", "image_normalize", "image_standardize"}

// trail marks what value id was made of.
func (s *sample) trail(id ir.ID, used map[ir.ID]bool) {
	if used[id] {
		return
	}
	used[id] = true
	d := s.p.def[id]
	if d < 0 {
		return
	}
	in := &s.p.f.Instrs[d]
	if in.Op == "select" && s.p.f.Shape(in.In[0]).Rank() == 0 {
		s.trail(in.In[0], used)
		s.trail(s.taken(in), used)
		return
	}
	for _, x := range in.In {
		s.trail(x, used)
	}
}

// shown is the numbers of a small value.
func (s *sample) shown(id ir.ID) (list []float64, ok bool) {
	shape := s.p.f.Shape(id)
	if !stored(shape.DType) || shape.Size() > shownValues {
		return nil, false
	}
	v := s.eval(id)
	for i := range shape.Size() {
		switch shape.DType {
		case dtype.F32:
			list = append(list, float64(v.F32[i]))
		case dtype.I32:
			list = append(list, float64(v.I32[i]))
		case dtype.U32:
			list = append(list, float64(v.U32[i]))
		default:
			list = append(list, float64(v.U8[i]))
		}
	}
	return list, true
}
