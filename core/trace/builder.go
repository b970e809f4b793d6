// Package trace owns the Builder: calls on values become instructions of a
// Func, with shapes checked as they are added and the author's file and line
// kept. Start from [Builder] and [Trace].
//
// Authors write straight-line code without error handling: the first mistake
// ends the trace, and Trace returns it with the caller's position.
// It is linked into plugin guests: no fmt, no reflection.
package trace

import (
	"errors"
	"math"
	"runtime"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/shape"
)

// Builder adds instructions to one Func.
type Builder struct {
	f     *ir.Func
	loc   ir.Loc // used instead of the caller's, when fixed
	fixed bool
	calls CallResolver
	norms Norms
	with  []ParamOption
}

// Value is a value of the Func under construction.
type Value struct {
	b  *Builder
	id ir.ID
}

// CallResolver gives the result shape of a call into another plugin.
type CallResolver func(callee string, in []shape.Shape) (shape.Shape, error)

// New starts a Func.
func New(name string) *Builder { return &Builder{f: &ir.Func{Name: name}} }

// Extend continues an existing Func; core's own passes use it.
func Extend(f *ir.Func) *Builder { return &Builder{f: f, fixed: true} }

// ResolveCalls sets how Call learns the shapes of other plugins' results.
func (b *Builder) ResolveCalls(r CallResolver) { b.calls = r }

// At makes the following instructions carry loc rather than the caller's position.
func (b *Builder) At(loc ir.Loc) { b.loc, b.fixed = loc, true }

// Func is the function built so far.
func (b *Builder) Func() *ir.Func { return b.f }

// abort carries the first mistake to Trace.
type abort struct{ err error }

// Trace runs f and returns the first mistake made on any Builder within it.
// Other panics pass through.
func Trace(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			a, ok := r.(abort)
			if !ok {
				panic(r)
			}
			err = a.err
		}
	}()
	f()
	return nil
}

// Fail ends the trace with a message of the author's, at the author's position.
func (b *Builder) Fail(message string) { panic(abort{b.located(errors.New(message))}) }

// FailWith ends the trace with err itself, which errors.As can find again.
func (b *Builder) FailWith(err error) { panic(abort{err}) }

// Error is a mistake in a trace, with the place where the author made it.
type Error struct {
	Loc ir.Loc
	Err error
}

func (e *Error) Error() string {
	if e.Loc.File == "" {
		return e.Err.Error()
	}
	return e.Loc.File + ":" + strconv.Itoa(e.Loc.Line) + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

func (b *Builder) located(err error) error { return &Error{b.where(), err} }

// where is the first frame outside of the framework: the author's line.
func (b *Builder) where() ir.Loc {
	if b.fixed {
		return b.loc
	}
	var pcs [24]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if !framework(f.Function) {
			file := f.File
			if i := strings.LastIndexByte(file, '/'); i >= 0 {
				file = file[i+1:]
			}
			return ir.Loc{File: file, Line: f.Line}
		}
		if !more {
			return ir.Loc{}
		}
	}
}

func framework(function string) bool {
	rest, ok := strings.CutPrefix(function, "github.com/fwlab/fw/")
	return ok && (strings.HasPrefix(rest, "core/trace.") || strings.HasPrefix(rest, "sdk.") || strings.HasPrefix(rest, "sdk/nn."))
}

// Emit adds an instruction after checking it against the op table.
func (b *Builder) Emit(name string, in []Value, attrs ...ir.Attr) []Value {
	ids := make([]ir.ID, len(in))
	shapes := make([]shape.Shape, len(in))
	for i, v := range in {
		if v.b != b {
			b.Fail(name + ": operand " + strconv.Itoa(i) + " is no value of this function")
		}
		ids[i], shapes[i] = v.id, b.f.Shape(v.id)
	}
	a := ir.NewAttrs(attrs...)
	results, err := op.Infer(name, shapes, a)
	if err != nil {
		panic(abort{b.located(err)})
	}
	out := b.f.Emit(name, ids, a, b.where(), results...)
	vs := make([]Value, len(out))
	for i, id := range out {
		vs[i] = Value{b, id}
	}
	return vs
}

func (b *Builder) emit1(name string, in []Value, attrs ...ir.Attr) Value {
	return b.Emit(name, in, attrs...)[0]
}

// Input adds an input.
func (b *Builder) Input(name string, s shape.Shape) Value {
	if err := s.Check(); err != nil {
		panic(abort{b.located(err)})
	}
	return Value{b, b.f.AddInput(name, s)}
}

// Output names a result.
func (b *Builder) Output(name string, v Value) {
	b.f.Outputs = append(b.f.Outputs, ir.Port{Name: name, Value: v.id})
}

// Wrap makes a Value of an ID of the Builder's Func.
func (b *Builder) Wrap(id ir.ID) Value { return Value{b, id} }

// ID is the value's place in its Func.
func (v Value) ID() ir.ID { return v.id }

// Builder is the Builder that made v.
func (v Value) Builder() *Builder { return v.b }

// Valid reports whether v is a value at all; the zero Value is not.
func (v Value) Valid() bool { return v.b != nil }

// Shape is the element type and dimensions of v.
func (v Value) Shape() shape.Shape { return v.b.f.Shape(v.id) }

// Dim is one dimension of v; negative counts from the end.
func (v Value) Dim(i int) int { return v.Shape().Dims[v.axis(i)] }

// Rank is the number of dimensions of v.
func (v Value) Rank() int { return v.Shape().Rank() }

// Size is the number of elements of v.
func (v Value) Size() int { return v.Shape().Size() }

func (v Value) axis(i int) int {
	r := v.Rank()
	if i < -r || i >= r {
		v.b.Fail("dimension " + strconv.Itoa(i) + " is outside " + v.Shape().String())
	}
	if i < 0 {
		return i + r
	}
	return i
}

func (v Value) axes(list []int) []int {
	out := make([]int, len(list))
	for i, d := range list {
		out[i] = v.axis(d)
	}
	return out
}

// Fill is a constant of shape s with every element x.
func (b *Builder) Fill(s shape.Shape, x float64) Value {
	return b.emit1("constant", nil, ir.OfShape("shape", s), ir.Bytes("value", Element(s.DType, x)))
}

// Scalar is the f32[] constant x.
func (b *Builder) Scalar(x float64) Value { return b.Fill(shape.F32(), x) }

// Constant is a tensor known when tracing: a table of permutations, of bins, of positions.
func (b *Builder) Constant(s shape.Shape, elements []float64) Value {
	if len(elements) != s.Size() {
		b.Fail("constant " + s.String() + " needs " + strconv.Itoa(s.Size()) + " elements, found " + strconv.Itoa(len(elements)))
	}
	var data []byte
	for _, x := range elements {
		data = append(data, Element(s.DType, x)...)
	}
	return b.emit1("constant", nil, ir.OfShape("shape", s), ir.Bytes("value", data))
}

// Iota is i32 0, 1, 2 ... n-1.
func (b *Builder) Iota(n int) Value { return b.IotaOf(shape.Of(dtype.I32, n), 0) }

// IotaOf counts along one dimension of s.
func (b *Builder) IotaOf(s shape.Shape, dim int) Value {
	return b.emit1("iota", nil, ir.OfShape("shape", s), ir.Int("dim", dim))
}

// Element is the little-endian bytes of x in element type d.
func Element(d dtype.DType, x float64) []byte {
	var w uint32
	switch d {
	case dtype.F32:
		w = math.Float32bits(float32(x))
	case dtype.BF16:
		w = uint32(dtype.BF16FromF32(math.Float32bits(float32(x))))
	case dtype.I32:
		w = uint32(int32(x))
	default:
		w = uint32(x)
	}
	return []byte{byte(w), byte(w >> 8), byte(w >> 16), byte(w >> 24)}[:d.Size()]
}
