package ir

import (
	"slices"
	"strings"

	"github.com/fwlab/fw/core/shape"
)

// Kind is the type of an attribute.
type Kind uint8

const (
	KindInt Kind = iota + 1 // integers and flags
	KindInts
	KindFloat
	KindFloats
	KindString
	KindShape
	KindBytes // little-endian elements of a constant
)

var kindNames = [...]string{"invalid", "int", "ints", "float", "floats", "string", "shape", "bytes"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[0]
}

// Attr is a compile-time argument of an instruction. Only the field of its kind is set.
type Attr struct {
	Name  string
	Kind  Kind
	I     int64
	Is    []int64
	F     float64
	Fs    []float64
	S     string
	Shape shape.Shape
	Bytes []byte
}

// Attrs are sorted by name, without duplicates. They are immutable once attached.
type Attrs []Attr

// NewAttrs sorts its arguments into Attrs.
func NewAttrs(list ...Attr) Attrs {
	slices.SortFunc(list, func(a, b Attr) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func Int(name string, v int) Attr             { return Attr{Name: name, Kind: KindInt, I: int64(v)} }
func Float(name string, v float64) Attr       { return Attr{Name: name, Kind: KindFloat, F: v} }
func String(name, v string) Attr              { return Attr{Name: name, Kind: KindString, S: v} }
func Floats(name string, v ...float64) Attr   { return Attr{Name: name, Kind: KindFloats, Fs: v} }
func OfShape(name string, s shape.Shape) Attr { return Attr{Name: name, Kind: KindShape, Shape: s} }
func Bytes(name string, b []byte) Attr        { return Attr{Name: name, Kind: KindBytes, Bytes: b} }

// Ints makes an integer list attribute.
func Ints(name string, v ...int) Attr {
	is := make([]int64, len(v))
	for i, x := range v {
		is[i] = int64(x)
	}
	return Attr{Name: name, Kind: KindInts, Is: is}
}

// Bool makes a flag.
func Bool(name string, v bool) Attr {
	if v {
		return Int(name, 1)
	}
	return Int(name, 0)
}

// Get finds an attribute; nil when there is none.
func (a Attrs) Get(name string) *Attr {
	for i := range a {
		if a[i].Name == name {
			return &a[i]
		}
	}
	return nil
}

// Int is an integer attribute, or def where it is absent.
func (a Attrs) Int(name string, def int) int {
	if x := a.Get(name); x != nil {
		return int(x.I)
	}
	return def
}

// Bool is a flag; false where it is absent.
func (a Attrs) Bool(name string) bool { return a.Int(name, 0) != 0 }

// Float is a number, or def where it is absent.
func (a Attrs) Float(name string, def float64) float64 {
	if x := a.Get(name); x != nil {
		return x.F
	}
	return def
}

// Str is a string; "" where it is absent.
func (a Attrs) Str(name string) string {
	if x := a.Get(name); x != nil {
		return x.S
	}
	return ""
}

// Ints is an integer list; nil where it is absent.
func (a Attrs) Ints(name string) []int {
	x := a.Get(name)
	if x == nil {
		return nil
	}
	out := make([]int, len(x.Is))
	for i, v := range x.Is {
		out[i] = int(v)
	}
	return out
}

// Floats is a list of numbers; nil where it is absent.
func (a Attrs) Floats(name string) []float64 {
	if x := a.Get(name); x != nil {
		return x.Fs
	}
	return nil
}

// ShapeOf is a shape attribute; the zero Shape where it is absent.
func (a Attrs) ShapeOf(name string) shape.Shape {
	if x := a.Get(name); x != nil {
		return x.Shape
	}
	return shape.Shape{}
}

// Data is the bytes of an attribute; nil where it is absent.
func (a Attrs) Data(name string) []byte {
	if x := a.Get(name); x != nil {
		return x.Bytes
	}
	return nil
}

// With is a copy of a with one attribute set.
func (a Attrs) With(attr Attr) Attrs {
	out := make(Attrs, 0, len(a)+1)
	for _, x := range a {
		if x.Name != attr.Name {
			out = append(out, x)
		}
	}
	return NewAttrs(append(out, attr)...)
}
