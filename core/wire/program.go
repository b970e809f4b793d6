package wire

import (
	"errors"
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

func (w *writer) shape(field int, s shape.Shape) {
	w.message(field, func(w *writer) {
		w.string(1, s.DType.String())
		w.packed(2, len(s.Dims), func(i int) { w.varint(uint64(s.Dims[i])) })
	})
}

func (r *reader) shape() (s shape.Shape) {
	r.message(func(r *reader) {
		for r.next() {
			switch r.field {
			case 1:
				d, ok := dtype.Parse(r.string())
				if !ok {
					r.fail(errors.New("wire: unknown element type"))
				}
				s.DType = d
			case 2:
				r.each(typeVarint, func(x uint64) {
					if x > shape.MaxElements || len(s.Dims) == shape.MaxRank {
						r.fail(errors.New("wire: shape is out of range"))
						return
					}
					s.Dims = append(s.Dims, int(x))
				})
			}
		}
	})
	return s
}

func (w *writer) port(field int, name string, s shape.Shape) {
	w.message(field, func(w *writer) {
		w.string(1, name)
		w.shape(2, s)
	})
}

func (r *reader) port() (name string, s shape.Shape) {
	r.message(func(r *reader) {
		for r.next() {
			switch r.field {
			case 1:
				name = r.string()
			case 2:
				s = r.shape()
			}
		}
	})
	return name, s
}

func (w *writer) program(p *ir.Program) {
	w.uint(1, uint64(p.Version))
	for _, f := range p.Funcs {
		w.message(2, func(w *writer) { w.function(f) })
	}
}

func (r *reader) program() *ir.Program {
	p := &ir.Program{}
	for r.next() {
		switch r.field {
		case 1:
			p.Version = r.int()
		case 2:
			f := &ir.Func{}
			r.message(func(r *reader) { r.function(f) })
			p.Funcs = append(p.Funcs, f)
		}
	}
	return p
}

// function numbers values in order of definition, which is what Compact gives.
func (w *writer) function(f *ir.Func) {
	f = f.Clone()
	f.Compact()
	w.string(1, f.Name)
	for _, p := range f.Inputs {
		w.port(2, p.Name, f.Shape(p.Value))
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		w.message(3, func(w *writer) {
			w.string(1, in.Op)
			w.packed(2, len(in.In), func(j int) { w.varint(uint64(in.In[j])) })
			for _, v := range in.Out {
				w.shape(3, f.Shape(v))
			}
			for j := range in.Attrs {
				w.message(4, func(w *writer) { w.attr(&in.Attrs[j]) })
			}
			w.string(5, in.Loc.File)
			w.uint(6, uint64(in.Loc.Line))
		})
	}
	for _, p := range f.Outputs {
		w.message(4, func(w *writer) {
			w.string(1, p.Name)
			w.uint(2, uint64(p.Value))
		})
	}
}

func (r *reader) function(f *ir.Func) {
	for r.next() {
		switch r.field {
		case 1:
			f.Name = r.string()
		case 2:
			name, s := r.port()
			if len(f.Instrs) > 0 {
				r.fail(errors.New("wire: an input follows an instruction"))
			}
			f.AddInput(name, s)
		case 3:
			in := ir.Instr{}
			r.message(func(r *reader) {
				for r.next() {
					switch r.field {
					case 1:
						in.Op = r.string()
					case 2:
						r.each(typeVarint, func(x uint64) { in.In = append(in.In, r.id(x)) })
					case 3:
						in.Out = append(in.Out, f.NewValue(r.shape()))
					case 4:
						in.Attrs = append(in.Attrs, r.attr())
					case 5:
						in.Loc.File = r.string()
					case 6:
						in.Loc.Line = r.int()
					}
				}
			})
			for i := 1; i < len(in.Attrs); i++ {
				if in.Attrs[i-1].Name >= in.Attrs[i].Name {
					r.fail(errors.New("wire: attributes are not sorted"))
				}
			}
			f.Instrs = append(f.Instrs, in)
		case 4:
			out := ir.Port{}
			r.message(func(r *reader) {
				for r.next() {
					switch r.field {
					case 1:
						out.Name = r.string()
					case 2:
						out.Value = r.id(r.uint())
					}
				}
			})
			f.Outputs = append(f.Outputs, out)
		}
	}
}

// id reads a value's number; core/op's Verify checks that it is defined.
func (r *reader) id(x uint64) ir.ID {
	if x > math.MaxInt32 {
		r.fail(errors.New("wire: value number is out of range"))
		return 0
	}
	return ir.ID(x)
}

func (w *writer) attr(a *ir.Attr) {
	w.string(1, a.Name)
	w.uint(2, uint64(a.Kind))
	switch a.Kind {
	case ir.KindInt:
		w.sint(3, a.I)
	case ir.KindInts:
		w.packed(4, len(a.Is), func(i int) { w.varint(zigzag(a.Is[i])) })
	case ir.KindFloat:
		w.double(5, a.F)
	case ir.KindFloats:
		w.packed(6, len(a.Fs), func(i int) { w.fixed64(math.Float64bits(a.Fs[i])) })
	case ir.KindString:
		w.string(7, a.S)
	case ir.KindShape:
		w.shape(8, a.Shape)
	case ir.KindBytes:
		w.bytes(9, a.Bytes)
	}
}

func (r *reader) attr() (a ir.Attr) {
	r.message(func(r *reader) {
		for r.next() {
			switch r.field {
			case 1:
				a.Name = r.string()
			case 2:
				a.Kind = ir.Kind(r.int())
			case 3:
				a.I = r.sint()
			case 4:
				r.each(typeVarint, func(x uint64) { a.Is = append(a.Is, unzigzag(x)) })
			case 5:
				a.F = r.double()
			case 6:
				r.each(type64, func(x uint64) { a.Fs = append(a.Fs, math.Float64frombits(x)) })
			case 7:
				a.S = r.string()
			case 8:
				a.Shape = r.shape()
			case 9:
				a.Bytes = r.bytes()
			}
		}
	})
	return a
}
