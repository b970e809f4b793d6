// Package op owns the meaning of operations: one row per op with its arity,
// attributes, shape rule and one sentence, in StableHLO's words where it has
// them. The builder of core/trace and [Verify] share the rows, so a program
// that was built is a program that verifies. Start from [Lookup] and [All].
// It is linked into plugin guests: no fmt, no reflection.
package op

import (
	"errors"
	"strconv"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Def is one row of the op table.
type Def struct {
	Name  string
	Doc   string
	In    int // number of operands; Variadic for any
	Attrs []AttrDef
	Class Class
	Shape Rule
}

// Variadic is the arity of ops that take any number of operands.
const Variadic = -1

// AttrDef is an attribute an op takes.
type AttrDef struct {
	Name     string
	Kind     ir.Kind
	Optional bool
}

// Class says what the rest of the house may do with an op.
type Class uint8

const (
	Elementwise Class = iota // each output element depends on the same element of each operand
	Data                     // moves, reduces or contracts; pure
	Random                   // pure function of a key
	Link                     // declares or joins; gone after core/link
	View                     // belongs to view programs, which core/view runs
)

// Rule gives the result shapes for operand shapes and attributes.
type Rule func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error)

// Lookup finds a row; nil for an unknown op.
func Lookup(name string) *Def { return byName[name] }

// All is every row, in the order of the tables.
func All() []*Def { return all }

var all, byName = index(elementwiseOps, dataOps, nnOps, attentionOps, randomOps, linkOps, shownOps, drawOps, frameOps, pictureOps)

func index(tables ...[]Def) ([]*Def, map[string]*Def) {
	var list []*Def
	names := map[string]*Def{}
	for _, t := range tables {
		for i := range t {
			list = append(list, &t[i])
			names[t[i].Name] = &t[i]
		}
	}
	return list, names
}

// Infer checks operands and attributes against a row and returns the result shapes.
func Infer(name string, in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
	d := Lookup(name)
	if d == nil {
		return nil, errors.New("unknown op " + strconv.Quote(name))
	}
	if d.In != Variadic && d.In != len(in) {
		return nil, fail(name, "expected ", strconv.Itoa(d.In), " operands, found ", strconv.Itoa(len(in)))
	}
	if err := d.checkAttrs(a); err != nil {
		return nil, err
	}
	out, err := d.Shape(in, a)
	if err != nil {
		return nil, errors.New(name + ": " + err.Error())
	}
	for _, s := range out {
		if err := s.Check(); err != nil {
			return nil, errors.New(name + ": " + err.Error())
		}
	}
	return out, nil
}

func (d *Def) checkAttrs(a ir.Attrs) error {
	for i := range a {
		known := false
		for _, want := range d.Attrs {
			if want.Name == a[i].Name {
				known = true
				if want.Kind != a[i].Kind {
					return fail(d.Name, "attribute ", want.Name, ": expected ", want.Kind.String(), ", found ", a[i].Kind.String())
				}
			}
		}
		if !known {
			return fail(d.Name, "unknown attribute ", strconv.Quote(a[i].Name))
		}
	}
	for _, want := range d.Attrs {
		if !want.Optional && a.Get(want.Name) == nil {
			return fail(d.Name, "attribute ", want.Name, " is missing")
		}
	}
	return nil
}

func fail(name string, parts ...string) error { return errors.New(name + ": " + join(parts)) }

func bad(parts ...string) ([]shape.Shape, error) { return nil, errors.New(join(parts)) }

func join(parts []string) string {
	s := ""
	for _, p := range parts {
		s += p
	}
	return s
}

func one(s shape.Shape) ([]shape.Shape, error) { return []shape.Shape{s}, nil }

func dims(d dtype.DType, n ...int) ([]shape.Shape, error) { return one(shape.Of(d, n...)) }

func ints(name string) AttrDef { return AttrDef{Name: name, Kind: ir.KindInts} }
func num(name string) AttrDef  { return AttrDef{Name: name, Kind: ir.KindInt} }
func real(name string) AttrDef { return AttrDef{Name: name, Kind: ir.KindFloat} }
func text(name string) AttrDef { return AttrDef{Name: name, Kind: ir.KindString} }
func form(name string) AttrDef { return AttrDef{Name: name, Kind: ir.KindShape} }
func opt(a AttrDef) AttrDef    { a.Optional = true; return a }
