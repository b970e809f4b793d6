package fuel

import "fmt"

// Bounds of what a module declares, and a host allocates before the module runs.
const (
	maxLocals = 50_000 // of a function, as browsers have it
	maxTable  = 1 << 20
)

// walks are the sections whose counts a decoder would believe, each with the walk
// through its items, of one byte at least. Code is walked where it is rewritten.
var walks = map[byte]func(*reader){
	secType: func(r *reader) {
		r.byte()
		r.items((*reader).valueType)
		r.items((*reader).valueType)
	},
	secFunc:    func(r *reader) { r.leb() },
	secTable:   (*reader).table,
	secGlobal:  func(r *reader) { r.valueType(); r.byte(); r.expression() },
	secExport:  func(r *reader) { r.name(); r.byte(); r.leb() },
	secElement: (*reader).element,
	secData: func(r *reader) {
		switch flags := r.leb(); flags {
		case 2:
			r.leb()
			fallthrough
		case 0:
			r.expression()
		}
		r.take(r.leb())
	},
}

// bounded reports whether every count in a section is one of items that are there.
func bounded(s section) error {
	r := &reader{b: s.body, globals: 1 << 32}
	switch walk := walks[s.id]; {
	case walk != nil:
		r.items(walk)
	case s.id == secCustom && string(r.name()) == "name":
		r.names()
	}
	if r.err != nil {
		return fmt.Errorf("%w, in section %d", r.err, s.id)
	}
	return nil
}

// items walks a counted list.
func (r *reader) items(walk func(*reader)) {
	n := r.leb()
	if r.err == nil && n > uint64(len(r.b)-r.i) {
		r.err = fmt.Errorf("fuel: a list of %d items in %d bytes", n, len(r.b)-r.i)
	}
	for ; n > 0 && r.err == nil; n-- {
		walk(r)
	}
}

func (r *reader) name() []byte { return r.take(r.leb()) }

// valueType reads a type of one byte: a number, a vector or a plain reference.
func (r *reader) valueType() {
	if t := r.byte(); r.err == nil && t != 0x6f && t != 0x70 && (t < 0x7b || t > 0x7f) {
		r.err = fmt.Errorf("fuel: unknown type %#x", t)
	}
}

func (r *reader) locals() {
	total := uint64(0)
	r.items(func(r *reader) {
		total += min(r.leb(), 1<<32)
		r.valueType()
	})
	if r.err == nil && total > maxLocals {
		r.err = fmt.Errorf("fuel: a function of %d locals, expected at most %d", total, maxLocals)
	}
}

func (r *reader) table() {
	r.valueType()
	flags, least := r.byte(), r.leb()
	if flags&1 != 0 {
		r.leb()
	}
	if r.err == nil && least > maxTable {
		r.err = fmt.Errorf("fuel: a table of %d elements, expected at most %d", least, maxTable)
	}
}

// element walks a segment in one of its eight forms: passive or declared (bit 0),
// with a table or declared (bit 1), of expressions (bit 2).
func (r *reader) element() {
	flags := r.leb()
	if flags > 7 {
		r.err = errTruncated
		return
	}
	if flags&3 == 2 {
		r.leb()
	}
	if flags&1 == 0 {
		r.expression()
	}
	if flags&3 != 0 {
		r.byte() // kind or type
	}
	if flags&4 != 0 {
		r.items((*reader).expression)
	} else {
		r.items(func(r *reader) { r.leb() })
	}
}

// expression walks a constant expression with its end.
func (r *reader) expression() {
	for r.err == nil && r.instruction() != 0x0b {
	}
}

// names walks the debug names: of functions, and of their locals.
func (r *reader) names() {
	name := func(r *reader) { r.leb(); r.name() }
	for r.i < len(r.b) && r.err == nil {
		id := r.byte()
		q := &reader{b: r.take(r.leb())}
		switch id {
		case 1:
			q.items(name)
		case 2:
			q.items(func(r *reader) { r.leb(); r.items(name) })
		}
		if r.err == nil {
			r.err = q.err
		}
	}
}
