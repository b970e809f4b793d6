package train

import (
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
)

// lossClasses is the width of the log-softmax that the loss comes from, 0 where
// there is none or they differ. Other values that a log-softmax may feed, such as
// metrics, do not count.
func lossClasses(f *ir.Func) int {
	loss, ok := f.Output(link.LossOutput)
	if !ok {
		return 0
	}
	needed := map[ir.ID]bool{loss: true}
	width := 0
	for i := len(f.Instrs) - 1; i >= 0; i-- {
		in := &f.Instrs[i]
		used := false
		for _, v := range in.Out {
			used = used || needed[v]
		}
		if !used {
			continue
		}
		if in.Op == "log_softmax" {
			dims := f.Shape(in.Out[0]).Dims
			k := dims[len(dims)-1]
			if width != 0 && width != k {
				return 0
			}
			width = k
			continue // what it is made of is the network's
		}
		for _, v := range in.In {
			needed[v] = true
		}
	}
	return width
}
