// Package schema owns typed parameters: what a plugin or a section of an
// experiment accepts, with defaults, ranges and docs. Start from [Param].
// It is linked into plugin guests: no fmt, no reflection.
package schema

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Type is the type of a parameter.
type Type string

const (
	Float  Type = "float"
	Int    Type = "int"
	Bool   Type = "bool"
	String Type = "string"
	Floats Type = "floats"
	Ints   Type = "ints"
)

// Types is every Type.
var Types = []Type{Float, Int, Bool, String, Floats, Ints}

// TypeNames is every Type as its word.
func TypeNames() []string {
	names := make([]string, len(Types))
	for i, t := range Types {
		names[i] = string(t)
	}
	return names
}

// Value is a parameter's value; only the field of its type is set.
type Value struct {
	Type Type
	F    float64
	I    int64 // Int, and Bool as 0 or 1
	S    string
	Fs   []float64
	Is   []int64
}

func OfFloat(x float64) Value     { return Value{Type: Float, F: x} }
func OfInt(x int) Value           { return Value{Type: Int, I: int64(x)} }
func OfString(s string) Value     { return Value{Type: String, S: s} }
func OfFloats(x ...float64) Value { return Value{Type: Floats, Fs: x} }

// OfBool makes a flag's value.
func OfBool(x bool) Value {
	if x {
		return Value{Type: Bool, I: 1}
	}
	return Value{Type: Bool}
}

// OfInts makes a list of integers.
func OfInts(x ...int) Value {
	v := Value{Type: Ints}
	for _, i := range x {
		v.Is = append(v.Is, int64(i))
	}
	return v
}

// Bool is a flag's value.
func (v Value) Bool() bool { return v.I != 0 }

// String writes the value as TOML would.
func (v Value) String() string {
	switch v.Type {
	case Float:
		return formatFloat(v.F)
	case Int:
		return strconv.FormatInt(v.I, 10)
	case Bool:
		return strconv.FormatBool(v.Bool())
	case String:
		return Quote(v.S)
	case Floats:
		parts := make([]string, len(v.Fs))
		for i, x := range v.Fs {
			parts[i] = formatFloat(x)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case Ints:
		parts := make([]string, len(v.Is))
		for i, x := range v.Is {
			parts[i] = strconv.FormatInt(x, 10)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return "nothing"
}

func formatFloat(x float64) string {
	switch {
	case x != x:
		return "nan"
	case x-x != 0 && x > 0:
		return "inf"
	case x-x != 0:
		return "-inf"
	}
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if strings.ContainsAny(s, ".e") {
		return s
	}
	return s + ".0"
}

// Equal reports whether two values agree in type and content.
func (v Value) Equal(w Value) bool { return v.Type == w.Type && v.String() == w.String() }

// Param describes one parameter.
type Param struct {
	Name             string
	Type             Type
	Default          Value // its Type is empty when the parameter must be given
	HasMin, HasMax   bool
	Min, Max         float64
	MinOpen, MaxOpen bool // the bound itself is not allowed
	Choices          []string
	Doc              string
}

// Range is the parameter's bounds in words, "" when it has none.
func (p *Param) Range() string {
	switch {
	case len(p.Choices) > 0:
		return "one of " + strings.Join(p.Choices, ", ")
	case p.HasMin && p.HasMax:
		open, shut := "[", "]"
		if p.MinOpen {
			open = "("
		}
		if p.MaxOpen {
			shut = ")"
		}
		return "in " + open + number(p.Min) + ", " + number(p.Max) + shut
	case p.HasMin && p.MinOpen:
		return "above " + number(p.Min)
	case p.HasMin:
		return "of at least " + number(p.Min)
	case p.HasMax && p.MaxOpen:
		return "below " + number(p.Max)
	case p.HasMax:
		return "of at most " + number(p.Max)
	}
	return ""
}

func number(x float64) string {
	if x == float64(int64(x)) && x > -1e15 && x < 1e15 {
		return strconv.FormatInt(int64(x), 10)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// Expected says what the parameter takes: "an integer of at least 1".
func (p *Param) Expected() string {
	if p.Type == String && len(p.Choices) > 0 {
		return p.Range()
	}
	word := map[Type]string{Float: "a number", Int: "an integer", Bool: "true or false", String: "a string", Floats: "a list of numbers", Ints: "a list of integers"}[p.Type]
	if r := p.Range(); r != "" {
		word += " " + r
	}
	return word
}

// Check refuses a value of another type or out of range. An integer is accepted
// where a number is expected; the value to use is returned.
func (p *Param) Check(v Value) (Value, error) {
	if p.Type == Float && v.Type == Int {
		v = OfFloat(float64(v.I))
	}
	if p.Type == Floats && v.Type == Ints {
		fs := make([]float64, len(v.Is))
		for i, x := range v.Is {
			fs[i] = float64(x)
		}
		v = OfFloats(fs...)
	}
	if v.Type != p.Type || !p.within(v) {
		return v, errors.New(p.Mismatch(v, v.String()))
	}
	return v, nil
}

// Mismatch says that v, which the user wrote as found, is not what the parameter
// takes: "expected an integer of at least 1, found \"ten\"".
func (p *Param) Mismatch(v Value, found string) string {
	s := "expected " + p.Expected() + ", found " + found
	if v.Type == String && p.Type == String {
		s += DidYouMean(v.S, p.Choices)
	}
	return s
}

func (p *Param) within(v Value) bool {
	switch v.Type {
	case Float:
		return p.inRange(v.F)
	case Int:
		return p.inRange(float64(v.I))
	case Floats:
		for _, x := range v.Fs {
			if !p.inRange(x) {
				return false
			}
		}
	case Ints:
		for _, x := range v.Is {
			if !p.inRange(float64(x)) {
				return false
			}
		}
	case String:
		return len(p.Choices) == 0 || slices.Contains(p.Choices, v.S)
	}
	return true
}

func (p *Param) inRange(x float64) bool {
	if x != x || p.HasMin && (x < p.Min || p.MinOpen && x == p.Min) || p.HasMax && (x > p.Max || p.MaxOpen && x == p.Max) {
		return false
	}
	return x <= 1.7976931348623157e308 && x >= -1.7976931348623157e308
}

// Named is a parameter's name and value, as an experiment gives it.
type Named struct {
	Name  string
	Value Value
}
