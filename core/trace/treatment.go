package trace

import "github.com/fwlab/fw/core/ir"

// Norms is how batch normalisations are traced from here on, those of the plugins
// that are called included.
type Norms struct {
	Groups int  // parts of the batch with statistics of their own; 0 means 1
	Frozen bool // normalise by the running statistics
}

// Norms is how batch normalisations are traced.
func (b *Builder) Norms() Norms { return b.norms }

// SetNorms changes how batch normalisations are traced, and returns what was.
func (b *Builder) SetNorms(n Norms) (before Norms) {
	before, b.norms = b.norms, n
	return before
}

// With holds the options for all parameters that f declares, those of the plugins
// it calls included, beside the options of each.
func (b *Builder) With(options []ParamOption, f func()) {
	before := b.with
	b.with = append(append([]ParamOption(nil), options...), before...)
	f()
	b.with = before
}

// withOptions adds options to attributes, the inner ones last: of two that say
// the same, the inner one holds, but rates multiply.
func withOptions(attrs []ir.Attr, own, around []ParamOption) []ir.Attr {
	var said []ir.Attr
	for _, o := range own {
		o(&said)
	}
	for _, o := range around {
		var more []ir.Attr
		o(&more)
		for _, m := range more {
			if i := find(said, m.Name); i < 0 {
				said = append(said, m)
			} else if m.Name == "lr" {
				said[i].F *= m.F
			}
		}
	}
	return append(attrs, said...)
}

func find(attrs []ir.Attr, name string) int {
	for i := range attrs {
		if attrs[i].Name == name {
			return i
		}
	}
	return -1
}
