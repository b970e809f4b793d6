package link

import (
	"strings"

	"github.com/fwlab/fw/core/ir"
)

// Objective is a loss f32[] that the parameters of module Scope follow, and no
// other loss moves them.
type Objective struct {
	Scope string
	Loss  ir.ID
}

// ObjectiveOf is the index of the innermost objective that moves a parameter; -1
// for the step's own loss.
func (l *Flat) ObjectiveOf(param string) int {
	best := -1
	for i, o := range l.Objectives {
		if strings.HasPrefix(param, o.Scope+".") && (best < 0 || len(o.Scope) > len(l.Objectives[best].Scope)) {
			best = i
		}
	}
	return best
}

// Given reports whether a parameter or state is one of a pretrained module.
func (l *Flat) Given(name string) bool {
	for _, scope := range l.Pretrained {
		if strings.HasPrefix(name, scope+".") {
			return true
		}
	}
	return false
}

// treatments are what a call may say of how the optimizer treats the parameters
// that are declared within it.
var treatments = []string{"lr", "fixed_lr", "no_decay", "frozen"}

// treatment is the attributes of a call or parameter, with those of the calls
// around where they are silent; rates multiply.
func treatment(around, attrs ir.Attrs) ir.Attrs {
	for _, name := range treatments {
		o := around.Get(name)
		switch x := attrs.Get(name); {
		case o == nil:
		case x == nil:
			attrs = attrs.With(*o)
		case name == "lr":
			attrs = attrs.With(ir.Float(name, o.F*x.F))
		}
	}
	return attrs
}
