package ir

import (
	"strconv"
	"strings"
)

// String is the text form of a program, which Parse reads back.
//
//	program 1
//	func @loss(%0 z: f32[8,4]) {
//	  %1: f32[8] = reduce(%0) {dims=[1], kind="add"} @ntxent.go:31
//	  return loss=%1
//	}
func (p *Program) String() string {
	var b strings.Builder
	b.WriteString("program " + strconv.Itoa(p.Version) + "\n")
	for _, f := range p.Funcs {
		b.WriteString(f.String())
	}
	return b.String()
}

// String is the text form of a function.
func (f *Func) String() string {
	var b strings.Builder
	b.WriteString("func @" + name(f.Name) + "(")
	for i, p := range f.Inputs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(ref(p.Value) + " " + name(p.Name) + ": " + f.Shape(p.Value).String())
	}
	b.WriteString(") {\n")
	for i := range f.Instrs {
		b.WriteString("  " + f.InstrString(i) + "\n")
	}
	b.WriteString("  return")
	for i, p := range f.Outputs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(" " + name(p.Name) + "=" + ref(p.Value))
	}
	b.WriteString("\n}\n")
	return b.String()
}

// InstrString is the text form of the i-th instruction.
func (f *Func) InstrString(i int) string {
	var b strings.Builder
	in := &f.Instrs[i]
	for j, v := range in.Out {
		if j > 0 {
			b.WriteString(", ")
		}
		b.WriteString(ref(v) + ": " + f.Shape(v).String())
	}
	if len(in.Out) > 0 {
		b.WriteString(" = ")
	}
	b.WriteString(in.Op + "(")
	for j, v := range in.In {
		if j > 0 {
			b.WriteString(", ")
		}
		b.WriteString(ref(v))
	}
	b.WriteByte(')')
	if len(in.Attrs) > 0 {
		b.WriteString(" {")
		for j, a := range in.Attrs {
			if j > 0 {
				b.WriteString(", ")
			}
			b.WriteString(a.Name + "=" + a.text())
		}
		b.WriteByte('}')
	}
	if in.Loc.File != "" {
		b.WriteString(" @" + name(in.Loc.File) + ":" + strconv.Itoa(in.Loc.Line))
	}
	if in.Body != nil {
		b.WriteString(" " + strings.ReplaceAll(strings.TrimSuffix(in.Body.String(), "\n"), "\n", "\n  "))
	}
	return b.String()
}

func ref(v ID) string { return "%" + strconv.Itoa(int(v)) }

// name quotes what is not a plain name.
func name(s string) string {
	for i := 0; i < len(s); i++ {
		if !nameByte(s[i]) {
			return strconv.Quote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '/' || c == '-'
}

func (a *Attr) text() string {
	switch a.Kind {
	case KindInt:
		return strconv.FormatInt(a.I, 10)
	case KindInts:
		parts := make([]string, len(a.Is))
		for i, v := range a.Is {
			parts[i] = strconv.FormatInt(v, 10)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case KindFloat:
		return float(a.F)
	case KindFloats:
		parts := make([]string, len(a.Fs))
		for i, v := range a.Fs {
			parts[i] = float(v)
		}
		return "f[" + strings.Join(parts, ",") + "]"
	case KindString:
		return strconv.Quote(a.S)
	case KindShape:
		return "<" + a.Shape.String() + ">"
	default:
		return "#" + hexOf(a.Bytes)
	}
}

// float prints so that it can be told from an integer and parses back to the same bits.
func float(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if strings.ContainsAny(s, ".eNI") {
		return s
	}
	return s + ".0"
}

const digits = "0123456789abcdef"

// hexOf is encoding/hex's EncodeToString, without the fmt that comes with it.
func hexOf(b []byte) string {
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}
