package view

import (
	"encoding/binary"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Output is a tensor that the program gives for each batch: views or targets
// stacked view by view.
type Output struct {
	Name  string
	Shape shape.Shape // of the whole batch
	parts []ir.ID     // one per view, in order
	Data  []byte
	item  int // bytes of one sample's part
}

// F32 is the i-th element of an output of numbers.
func (o *Output) F32(i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(o.Data[4*i:]))
}

// group stacks views of one size, and targets of one name, in the program's order.
func (p *Program) group() error {
	var last *Output
	groups := 0
	targets := map[string]*Output{}
	for _, o := range p.f.Outputs {
		s := p.f.Shape(o.Value)
		kind, rest, _ := strings.Cut(o.Name, ".")
		switch kind {
		case "view":
			if s.DType != dtype.F32 || s.Rank() != 3 && s.Rank() != 4 {
				return fmt.Errorf("view: output %s: expected f32[H,W,C] or tiles f32[N,H,W,C], found %s", o.Name, s)
			}
			if last == nil || !shape.SameDims(p.f.Shape(last.parts[0]).Dims, s.Dims) {
				last = &Output{Name: "views." + strconv.Itoa(groups)}
				groups++
				p.Outputs = append(p.Outputs, last)
			}
			last.parts = append(last.parts, o.Value)
		case "target":
			name := rest
			if i := strings.LastIndexByte(rest, '.'); i >= 0 {
				name = rest[:i]
			}
			if !stored(s.DType) {
				return fmt.Errorf("view: output %s: expected f32, i32, u32, u8 or bool, found %s", o.Name, s)
			}
			t := targets[name]
			if t == nil {
				t = &Output{Name: "target." + name}
				targets[name] = t
				p.Outputs = append(p.Outputs, t)
			} else if first := p.f.Shape(t.parts[0]); !s.Equal(first) {
				return fmt.Errorf("view: output %s: expected %s as for the views before it, found %s", o.Name, first, s)
			}
			t.parts = append(t.parts, o.Value)
		default:
			return fmt.Errorf("view: output %q is neither a view nor a target", o.Name)
		}
	}
	if groups == 0 {
		return fmt.Errorf("view: the program gives no view")
	}
	for _, o := range p.Outputs {
		s := p.f.Shape(o.parts[0])
		o.item = s.Bytes()
		o.Shape = shape.Of(s.DType, append([]int{len(o.parts) * p.batch}, s.Dims...)...)
	}
	sort.SliceStable(p.Outputs, func(i, j int) bool { return p.Outputs[i].Name > p.Outputs[j].Name })
	return nil
}
