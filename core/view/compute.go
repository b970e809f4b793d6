package view

import (
	"fmt"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/op"
)

// Ops on plain tensors, elementwise and of the data table, run by the kernels
// that training has; core/exec compares these with the interpreter.

// lookup finds how an op runs in view programs.
func lookup(name string) (row, bool) {
	if r, ok := table[name]; ok {
		return r, true
	}
	d := op.Lookup(name)
	if d == nil || name == "eval" || d.Class != op.Elementwise && d.Class != op.Data {
		return row{}, false
	}
	return row{run: computed, check: checkComputed}, true
}

func computed(s *sample, in *ir.Instr, index int, _ *value) {
	for _, id := range in.In {
		s.eval(id)
	}
	k := s.singles[index]
	if k == nil {
		k, _ = exec.NewSingle(s.p.f, in) // checkComputed has had its error
		var ins, outs []buf.Buf
		for _, id := range in.In {
			ins = append(ins, s.bound(id))
		}
		for _, id := range in.Out {
			outs = append(outs, s.home(id))
		}
		k.Bind(outs, ins)
		s.singles[index] = k
	}
	for _, id := range in.In {
		if v, b := &s.values[id], s.bound(id); !buf.Same(v.Buf, b) {
			copy(b.U8, v.U8)
			v.Buf = b
		}
	}
	for _, id := range in.Out {
		s.fresh(id)
	}
	k.Run()
}

// bound is the memory that kernels read a value from.
func (s *sample) bound(id ir.ID) buf.Buf {
	if b := s.p.constants[id]; b.U8 != nil {
		return b
	}
	return s.home(id)
}

func reshaped(s *sample, in *ir.Instr, _ int, v *value) { v.Buf = s.eval(in.In[0]).Buf }

func checkComputed(p *Program, in *ir.Instr) error {
	for _, ids := range [][]ir.ID{in.In, in.Out} {
		for _, id := range ids {
			if s := p.f.Shape(id); !stored(s.DType) {
				return fmt.Errorf("expected f32, i32, u32, u8 or bool, found %s", s)
			}
		}
	}
	_, err := exec.NewSingle(p.f, in)
	return err
}

// stored says whether a value holds elements of type d.
func stored(d dtype.DType) bool {
	switch d {
	case dtype.F32, dtype.I32, dtype.U32, dtype.U8, dtype.Bool:
		return true
	}
	return false
}
