package view

import (
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/view/pix"
)

func lab(s *sample, in *ir.Instr, _ int, _ *value) {
	pix.Lab(s.fresh(in.Out[0]).F32, s.eval(in.In[0]).U8)
}
