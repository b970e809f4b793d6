// Package ir owns the intermediate representation that plugins trace and the
// host runs: a [Program] of [Func]s in static single assignment form over
// tensors of static shape, with a text form that prints and parses. What an op
// means and which shapes it takes is the business of core/op. Start from [Func].
// It is linked into plugin guests: no fmt, no reflection.
package ir

import "github.com/fwlab/fw/core/shape"

// Version is the version of the representation. A host runs programs of its own
// version and of those in docs/abi.md.
const Version = 1

// Program is what one trace returns: functions under distinct names.
type Program struct {
	Version int
	Funcs   []*Func
}

// Func finds a function by name; nil when there is none.
func (p *Program) Func(name string) *Func {
	for _, f := range p.Funcs {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// ID names a value within its Func.
type ID int32

// Func is a straight-line function: every value is an input or a result of an
// instruction before its use. There is no control flow; select chooses.
type Func struct {
	Name    string
	Inputs  []Port
	Instrs  []Instr
	Outputs []Port
	Shapes  []shape.Shape // by ID
}

// Port is a named input or output of a Func.
type Port struct {
	Name  string
	Value ID
}

// Instr applies an op. Loc is where the author wrote it.
type Instr struct {
	Op    string
	In    []ID
	Out   []ID
	Attrs Attrs
	Loc   Loc
	Body  *Func // of a fusion, made by core/compile; nil everywhere else
}

// Loc is a place in an author's source; the zero Loc is unknown.
type Loc struct {
	File string
	Line int
	// By is who asked for the instruction, a plugin's id or a part of the host. The
	// host writes it; it is in neither the text form nor the messages.
	By string
}

// NewValue adds a value of shape s.
func (f *Func) NewValue(s shape.Shape) ID {
	f.Shapes = append(f.Shapes, s)
	return ID(len(f.Shapes) - 1)
}

// AddInput adds an input.
func (f *Func) AddInput(name string, s shape.Shape) ID {
	id := f.NewValue(s)
	f.Inputs = append(f.Inputs, Port{name, id})
	return id
}

// Emit appends an instruction whose results have the given shapes. It checks nothing: see core/op.
func (f *Func) Emit(op string, in []ID, attrs Attrs, loc Loc, results ...shape.Shape) []ID {
	out := make([]ID, len(results))
	for i, s := range results {
		out[i] = f.NewValue(s)
	}
	f.Instrs = append(f.Instrs, Instr{Op: op, In: in, Out: out, Attrs: attrs, Loc: loc})
	return out
}

// Shape is the shape of a value.
func (f *Func) Shape(v ID) shape.Shape { return f.Shapes[v] }

// Input finds an input by name.
func (f *Func) Input(name string) (ID, bool) { return find(f.Inputs, name) }

// Output finds an output by name.
func (f *Func) Output(name string) (ID, bool) { return find(f.Outputs, name) }

func find(ports []Port, name string) (ID, bool) {
	for _, p := range ports {
		if p.Name == name {
			return p.Value, true
		}
	}
	return -1, false
}

// Clone is a deep copy up to attributes and shapes, which are immutable.
func (f *Func) Clone() *Func {
	g := &Func{Name: f.Name}
	g.Inputs = append(g.Inputs, f.Inputs...)
	g.Outputs = append(g.Outputs, f.Outputs...)
	g.Shapes = append(g.Shapes, f.Shapes...)
	g.Instrs = make([]Instr, len(f.Instrs))
	for i, in := range f.Instrs {
		in.In = append([]ID(nil), in.In...)
		in.Out = append([]ID(nil), in.Out...)
		g.Instrs[i] = in
	}
	return g
}

// Compact drops values that no port and no instruction mentions, and numbers
// the rest in order of definition.
func (f *Func) Compact() {
	renumbered := make([]ID, len(f.Shapes))
	for i := range renumbered {
		renumbered[i] = -1
	}
	var shapes []shape.Shape
	define := func(v ID) ID {
		if renumbered[v] < 0 {
			renumbered[v] = ID(len(shapes))
			shapes = append(shapes, f.Shapes[v])
		}
		return renumbered[v]
	}
	for i, p := range f.Inputs {
		f.Inputs[i].Value = define(p.Value)
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		for j, v := range in.In {
			in.In[j] = renumbered[v]
		}
		for j, v := range in.Out {
			in.Out[j] = define(v)
		}
	}
	for i, p := range f.Outputs {
		f.Outputs[i].Value = renumbered[p.Value]
	}
	f.Shapes = shapes
}
