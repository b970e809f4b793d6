package ir

import (
	"errors"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/shape"
)

// Parse reads the text form of a program. It checks form only: core/op verifies meaning.
func Parse(text string) (*Program, error) {
	p := &parser{s: text, line: 1}
	prog := &Program{}
	err := p.program(prog)
	if err != nil {
		return nil, errors.New("ir: line " + strconv.Itoa(p.line) + ": " + err.Error())
	}
	return prog, nil
}

type parser struct {
	s    string
	pos  int
	line int
	ids  map[int]ID
}

func (p *parser) program(prog *Program) error {
	if err := p.expect("program"); err != nil {
		return err
	}
	v, err := p.integer()
	if err != nil {
		return err
	}
	prog.Version = int(v)
	for {
		p.space()
		if p.pos == len(p.s) {
			return nil
		}
		f, err := p.function()
		if err != nil {
			return err
		}
		prog.Funcs = append(prog.Funcs, f)
	}
}

func (p *parser) function() (*Func, error) {
	f := &Func{}
	p.ids = map[int]ID{}
	if err := p.expect("func"); err != nil {
		return nil, err
	}
	if err := p.expect("@"); err != nil {
		return nil, err
	}
	var err error
	if f.Name, err = p.name(); err != nil {
		return nil, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	for !p.accept(")") {
		if len(f.Inputs) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		n, err := p.refNumber()
		if err != nil {
			return nil, err
		}
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		id, err := p.define(f, n)
		if err != nil {
			return nil, err
		}
		f.Inputs = append(f.Inputs, Port{name, id})
	}
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	for !p.accept("return") {
		if err := p.instr(f); err != nil {
			return nil, err
		}
	}
	for !p.accept("}") {
		if len(f.Outputs) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		if err := p.expect("="); err != nil {
			return nil, err
		}
		v, err := p.use()
		if err != nil {
			return nil, err
		}
		f.Outputs = append(f.Outputs, Port{name, v})
	}
	return f, nil
}

func (p *parser) instr(f *Func) error {
	in := Instr{}
	var numbers []int
	var shapes []shape.Shape
	for p.peek() == '%' {
		n, err := p.refNumber()
		if err != nil {
			return err
		}
		s, err := p.typed()
		if err != nil {
			return err
		}
		numbers, shapes = append(numbers, n), append(shapes, s)
		if !p.accept(",") {
			break
		}
	}
	if len(numbers) > 0 {
		if err := p.expect("="); err != nil {
			return err
		}
	}
	var err error
	if in.Op, err = p.name(); err != nil {
		return err
	}
	if err := p.expect("("); err != nil {
		return err
	}
	for !p.accept(")") {
		if len(in.In) > 0 {
			if err := p.expect(","); err != nil {
				return err
			}
		}
		v, err := p.use()
		if err != nil {
			return err
		}
		in.In = append(in.In, v)
	}
	if p.accept("{") {
		for !p.accept("}") {
			if len(in.Attrs) > 0 {
				if err := p.expect(","); err != nil {
					return err
				}
			}
			a, err := p.attr()
			if err != nil {
				return err
			}
			if in.Attrs.Get(a.Name) != nil {
				return errors.New("attribute " + a.Name + " is set twice")
			}
			in.Attrs = append(in.Attrs, a)
		}
		in.Attrs = NewAttrs(in.Attrs...)
	}
	if p.accept("@") {
		if in.Loc.File, err = p.name(); err != nil {
			return err
		}
		if err := p.expect(":"); err != nil {
			return err
		}
		n, err := p.integer()
		if err != nil {
			return err
		}
		in.Loc.Line = int(n)
	}
	if strings.HasPrefix(p.s[p.pos:], " func ") {
		outer := p.ids
		in.Body, err = p.function()
		p.ids = outer
		if err != nil {
			return err
		}
	}
	for i, n := range numbers {
		id, err := p.bind(f, n, shapes[i])
		if err != nil {
			return err
		}
		in.Out = append(in.Out, id)
	}
	f.Instrs = append(f.Instrs, in)
	return nil
}

func (p *parser) define(f *Func, n int) (ID, error) {
	s, err := p.typed()
	if err != nil {
		return 0, err
	}
	return p.bind(f, n, s)
}

func (p *parser) bind(f *Func, n int, s shape.Shape) (ID, error) {
	if _, dup := p.ids[n]; dup {
		return 0, errors.New("%" + strconv.Itoa(n) + " is defined twice")
	}
	p.ids[n] = f.NewValue(s)
	return p.ids[n], nil
}

func (p *parser) use() (ID, error) {
	n, err := p.refNumber()
	if err != nil {
		return 0, err
	}
	id, ok := p.ids[n]
	if !ok {
		return 0, errors.New("%" + strconv.Itoa(n) + " is used before it is defined")
	}
	return id, nil
}

func (p *parser) typed() (shape.Shape, error) {
	if err := p.expect(":"); err != nil {
		return shape.Shape{}, err
	}
	return p.shape()
}

func (p *parser) shape() (shape.Shape, error) {
	p.space()
	end := strings.IndexByte(p.s[p.pos:], ']')
	if end < 0 {
		return shape.Shape{}, errors.New("expected a shape")
	}
	s, err := shape.Parse(p.s[p.pos : p.pos+end+1])
	p.pos += end + 1
	return s, err
}

func (p *parser) attr() (Attr, error) {
	n, err := p.name()
	if err != nil {
		return Attr{}, err
	}
	if err := p.expect("="); err != nil {
		return Attr{}, err
	}
	a := Attr{Name: n}
	switch c := p.peek(); {
	case c == '"':
		a.Kind = KindString
		a.S, err = p.quoted()
	case c == '<':
		p.pos++
		a.Kind = KindShape
		if a.Shape, err = p.shape(); err == nil {
			err = p.expect(">")
		}
	case c == '#':
		p.pos++
		a.Kind = KindBytes
		a.Bytes, err = fromHex(p.word())
	case c == '[':
		a.Kind = KindInts
		a.Is = []int64{}
		err = p.list(func(w string) error {
			v, err := strconv.ParseInt(w, 10, 64)
			a.Is = append(a.Is, v)
			return err
		})
	case c == 'f' && strings.HasPrefix(p.s[p.pos:], "f["):
		p.pos++
		a.Kind = KindFloats
		a.Fs = []float64{}
		err = p.list(func(w string) error {
			v, err := strconv.ParseFloat(w, 64)
			a.Fs = append(a.Fs, v)
			return err
		})
	default:
		w := p.word()
		if a.I, err = strconv.ParseInt(w, 10, 64); err == nil {
			a.Kind = KindInt
		} else {
			a.Kind = KindFloat
			a.F, err = strconv.ParseFloat(w, 64)
		}
	}
	return a, err
}

func (p *parser) list(each func(word string) error) error {
	if err := p.expect("["); err != nil {
		return err
	}
	for first := true; !p.accept("]"); first = false {
		if !first {
			if err := p.expect(","); err != nil {
				return err
			}
		}
		if err := each(p.word()); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) refNumber() (int, error) {
	if err := p.expect("%"); err != nil {
		return 0, err
	}
	n, err := p.integer()
	return int(n), err
}

func (p *parser) integer() (int64, error) {
	return strconv.ParseInt(p.word(), 10, 32)
}

// word reads the characters of a number or of hexadecimal digits.
func (p *parser) word() string {
	p.space()
	i := p.pos
	for p.pos < len(p.s) && (nameByte(p.s[p.pos]) || p.s[p.pos] == '+') {
		p.pos++
	}
	return p.s[i:p.pos]
}

func (p *parser) name() (string, error) {
	if p.peek() == '"' {
		return p.quoted()
	}
	i := p.pos
	for p.pos < len(p.s) && nameByte(p.s[p.pos]) {
		p.pos++
	}
	if i == p.pos {
		return "", errors.New("expected a name")
	}
	return p.s[i:p.pos], nil
}

func (p *parser) quoted() (string, error) {
	p.space()
	q, err := strconv.QuotedPrefix(p.s[p.pos:])
	if err != nil {
		return "", errors.New("expected a quoted string")
	}
	p.pos += len(q)
	return strconv.Unquote(q)
}

func (p *parser) space() {
	for p.pos < len(p.s) {
		switch p.s[p.pos] {
		case '\n':
			p.line++
		case ' ', '\t', '\r':
		default:
			return
		}
		p.pos++
	}
}

func (p *parser) peek() byte {
	p.space()
	if p.pos == len(p.s) {
		return 0
	}
	return p.s[p.pos]
}

func (p *parser) accept(token string) bool {
	p.space()
	if !strings.HasPrefix(p.s[p.pos:], token) {
		return false
	}
	end := p.pos + len(token)
	if nameByte(token[0]) && end < len(p.s) && nameByte(p.s[end]) {
		return false
	}
	p.pos = end
	return true
}

func (p *parser) expect(token string) error {
	if !p.accept(token) {
		found := p.s[p.pos:min(len(p.s), p.pos+12)]
		return errors.New("expected " + strconv.Quote(token) + ", found " + strconv.Quote(found))
	}
	return nil
}

func fromHex(s string) ([]byte, error) {
	out := make([]byte, len(s)/2)
	for i := range s {
		d := strings.IndexByte(digits, s[i])
		if d < 0 || len(s)%2 != 0 {
			return nil, errors.New("expected pairs of hexadecimal digits")
		}
		out[i/2] = out[i/2]<<4 | byte(d)
	}
	return out, nil
}
