// Package fuel owns the rewriting of a core WebAssembly module so that every
// function entry and every loop iteration pays one unit from the exported
// mutable global "fw_fuel", every copy or fill one for each 32 bytes, and traps
// below zero. It bounds a call's work deterministically, which a timer cannot,
// and refuses what would cost the host more than the module's size before any of
// it runs. Start from [Instrument].
package fuel

import "errors"

// Global is the name of the exported counter, an i64.
const Global = "fw_fuel"

// Section numbers of the binary format.
const (
	secCustom  = 0
	secType    = 1
	secImport  = 2
	secFunc    = 3
	secTable   = 4
	secGlobal  = 6
	secExport  = 7
	secStart   = 8
	secElement = 9
	secCode    = 10
	secData    = 11
)

var errTruncated = errors.New("fuel: module is truncated or malformed")

type section struct {
	id   byte
	body []byte
}

// Instrument returns the rewritten module. A module with a start section is
// refused: it would run before it has fuel.
func Instrument(module []byte) ([]byte, error) {
	if len(module) < 8 || string(module[:8]) != "\x00asm\x01\x00\x00\x00" {
		return nil, errors.New("fuel: not a core WebAssembly module of version 1")
	}
	r := &reader{b: module, i: 8}
	var sections []section
	var imported, defined uint64
	hasGlobal := false
	for r.i < len(r.b) && r.err == nil {
		s := section{id: r.byte()}
		s.body = r.take(r.leb())
		sections = append(sections, s)
		q := &reader{b: s.body}
		switch s.id {
		case secImport:
			imported = q.importedGlobals()
		case secGlobal:
			hasGlobal, defined = true, q.leb()
		case secStart:
			return nil, errors.New("fuel: modules with a start section are refused")
		}
		if r.err == nil {
			r.err = q.err
		}
		if r.err == nil {
			r.err = bounded(s)
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	index := imported + defined
	out := append(make([]byte, 0, len(module)*5/4), module[:8]...)
	emit := func(id byte, body []byte) {
		out = leb(append(out, id), uint64(len(body)))
		out = append(out, body...)
	}
	// The counter, (mut i64) (i64.const 0), and for the length of a copy (mut i32) (i32.const 0).
	counter := []byte{0x7e, 1, 0x42, 0, 0x0b, 0x7f, 1, 0x41, 0, 0x0b}
	exported := false
	for _, s := range sections {
		if !hasGlobal && s.id > secGlobal && s.id != 12 {
			emit(secGlobal, append([]byte{2}, counter...))
			hasGlobal = true
		}
		switch s.id {
		case secGlobal:
			emit(s.id, append(grown(s.body, 2), counter...))
		case secExport:
			b := append(grown(s.body, 1), byte(len(Global)))
			b = append(append(b, Global...), 3)
			emit(s.id, leb(b, index))
			exported = true
		case secCode:
			b, err := code(s.body, index)
			if err != nil {
				return nil, err
			}
			emit(s.id, b)
		default:
			emit(s.id, s.body)
		}
	}
	if !exported {
		return nil, errors.New("fuel: module has no exports")
	}
	return out, nil
}

// grown is a vector's section body with its count raised.
func grown(body []byte, by uint64) []byte {
	q := &reader{b: body}
	n := q.leb()
	return append(leb(nil, n+by), body[q.i:]...)
}

// code inserts the charges. global is the counter's index, and the first that the
// module's own instructions may not name.
func code(body []byte, global uint64) ([]byte, error) {
	one, some := charge(global, 1), charge(global, growPrice)
	q := &reader{b: body}
	n := q.leb()
	out := leb(make([]byte, 0, len(body)*5/4), n)
	for ; n > 0; n-- {
		r := &reader{b: q.take(q.leb()), globals: global}
		if q.err != nil {
			return nil, q.err
		}
		r.locals()
		f := append(append([]byte(nil), r.b[:r.i]...), one...)
		done := r.i
		for r.i < len(r.b) && r.err == nil {
			start := r.i
			op := r.instruction()
			before := func(charge []byte) {
				f = append(append(f, r.b[done:start]...), charge...)
				done = start
			}
			shift, isBulk := bulk[op]
			switch {
			case op == opLoop:
				f = append(append(f, r.b[done:r.i]...), one...)
				done = r.i
			case op == opMemoryGrow:
				before(some)
			case isBulk:
				before(chargeLength(global, shift))
			}
		}
		if r.err != nil {
			return nil, r.err
		}
		f = append(f, r.b[done:]...)
		out = append(leb(out, uint64(len(f))), f...)
	}
	return out, q.err
}

func leb(b []byte, x uint64) []byte {
	for x > 0x7f {
		b = append(b, byte(x)|0x80)
		x >>= 7
	}
	return append(b, byte(x))
}

type reader struct {
	b       []byte
	i       int
	globals uint64 // that instructions may name
	err     error
}

// truncated notes the end of the bytes, unless an error came before it.
func (r *reader) truncated() {
	if r.err == nil {
		r.err = errTruncated
	}
}

func (r *reader) byte() byte {
	if r.i >= len(r.b) {
		r.truncated()
		return 0
	}
	c := r.b[r.i]
	r.i++
	return c
}

// leb skips or reads an integer of either signedness.
func (r *reader) leb() (x uint64) {
	for shift := uint(0); shift < 70; shift += 7 {
		c := r.byte()
		x |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return x
		}
	}
	r.truncated()
	return 0
}

func (r *reader) take(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.b)-r.i) {
		r.truncated()
		return nil
	}
	r.i += int(n)
	return r.b[r.i-int(n) : r.i]
}

func (r *reader) importedGlobals() (globals uint64) {
	limits := func() {
		flags := r.byte()
		r.leb()
		if flags&1 != 0 {
			r.leb()
		}
	}
	for n := r.leb(); n > 0 && r.err == nil; n-- {
		r.take(r.leb())
		r.take(r.leb())
		switch r.byte() {
		case 0:
			r.leb()
		case 1:
			r.byte()
			limits()
		case 2:
			limits()
		case 3:
			r.byte()
			r.byte()
			globals++
		default:
			r.err = errTruncated
		}
	}
	return globals
}
