package train

import (
	"strings"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
)

// lossClasses is the width of the log-softmax that the loss comes from, 0 where
// there is none, they differ, or parameters move the loss past it as well, so that a
// guess has no known loss. Other values that a log-softmax may feed, such as metrics, do
// not count.
func lossClasses(f *ir.Func) int {
	loss, ok := f.Output(link.LossOutput)
	if !ok {
		return 0
	}
	needed := map[ir.ID]bool{loss: true}
	params := map[ir.ID]bool{}
	for _, p := range f.Inputs {
		params[p.Value] = strings.HasPrefix(p.Name, link.ParamPrefix)
	}
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
		if in.Op == "stop_gradient" {
			continue // a target
		}
		for _, v := range in.In {
			needed[v] = true
			if params[v] {
				return 0
			}
		}
	}
	return width
}
