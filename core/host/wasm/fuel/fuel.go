// Package fuel owns the rewriting of a core WebAssembly module so that every
// function entry and every loop iteration pays one unit from the exported
// mutable global "fw_fuel", and traps below zero. It bounds a call's work
// deterministically, which a timer cannot. Start from [Instrument].
package fuel

import (
	"errors"
	"fmt"
)

// Global is the name of the exported counter, an i64.
const Global = "fw_fuel"

// Section numbers of the binary format.
const (
	secImport = 2
	secGlobal = 6
	secExport = 7
	secStart  = 8
	secCode   = 10
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
	counter := []byte{0x7e, 1, 0x42, 0, 0x0b} // (mut i64) (i64.const 0)
	exported := false
	for _, s := range sections {
		if !hasGlobal && s.id > secGlobal && s.id != 12 {
			emit(secGlobal, append([]byte{1}, counter...))
			hasGlobal = true
		}
		switch s.id {
		case secGlobal:
			emit(s.id, append(grown(s.body), counter...))
		case secExport:
			b := append(grown(s.body), byte(len(Global)))
			b = append(append(b, Global...), 3)
			emit(s.id, leb(b, index))
			exported = true
		case secCode:
			b, err := code(s.body, charge(index))
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

// grown is a vector's section body with its count raised by one.
func grown(body []byte) []byte {
	q := &reader{b: body}
	n := q.leb()
	return append(leb(nil, n+1), body[q.i:]...)
}

// charge is: fuel -= 1; if fuel < 0 { unreachable }.
func charge(global uint64) []byte {
	b := leb([]byte{0x23}, global)
	b = leb(append(b, 0x42, 1, 0x7d, 0x24), global)
	b = leb(append(b, 0x23), global)
	return append(b, 0x42, 0, 0x53, 0x04, 0x40, 0x00, 0x0b)
}

// code inserts charge at every function entry and loop head.
func code(body, charge []byte) ([]byte, error) {
	q := &reader{b: body}
	n := q.leb()
	out := leb(make([]byte, 0, len(body)*5/4), n)
	for ; n > 0; n-- {
		r := &reader{b: q.take(q.leb())}
		if q.err != nil {
			return nil, q.err
		}
		for k := r.leb(); k > 0 && r.err == nil; k-- { // locals
			r.leb()
			r.byte()
		}
		f := append(append([]byte(nil), r.b[:r.i]...), charge...)
		done := r.i
		for r.i < len(r.b) && r.err == nil {
			if r.instruction() == opLoop {
				f = append(append(f, r.b[done:r.i]...), charge...)
				done = r.i
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
	b   []byte
	i   int
	err error
}

func (r *reader) byte() byte {
	if r.i >= len(r.b) {
		r.err = errTruncated
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
	r.err = errTruncated
	return 0
}

func (r *reader) take(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.b)-r.i) {
		r.err = errTruncated
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

const opLoop = 0x03

// instruction skips one instruction with its immediates and returns its opcode.
func (r *reader) instruction() byte {
	op := r.byte()
	switch {
	case op == 0x02 || op == opLoop || op == 0x04: // block, loop, if: block type
		r.leb()
	case op == 0x0c || op == 0x0d || op == 0x10 || op == 0x12 || op >= 0x20 && op <= 0x26 || op == 0xd0 || op == 0xd2 || op == 0x3f || op == 0x40 || op == 0x41 || op == 0x42:
		r.leb()
	case op == 0x0e: // br_table
		for k := r.leb() + 1; k > 0 && r.err == nil; k-- {
			r.leb()
		}
	case op == 0x11 || op == 0x13: // call_indirect
		r.leb()
		r.leb()
	case op == 0x1c: // typed select
		for k := r.leb(); k > 0 && r.err == nil; k-- {
			r.byte()
		}
	case op >= 0x28 && op <= 0x3e:
		r.memarg()
	case op == 0x43:
		r.take(4)
	case op == 0x44:
		r.take(8)
	case op == 0xfc:
		switch k := r.leb(); {
		case k <= 7:
		case k == 8 || k == 10 || k == 12 || k == 14:
			r.leb()
			r.leb()
		case k <= 17:
			r.leb()
		default:
			r.err = fmt.Errorf("fuel: unknown opcode fc %d", k)
		}
	case op == 0xfd:
		r.vector()
	case op <= 0x01 || op == 0x05 || op == 0x0b || op == 0x0f || op == 0x1a || op == 0x1b || op >= 0x45 && op <= 0xc4 || op == 0xd1:
	default:
		r.err = fmt.Errorf("fuel: unknown opcode %#x", op)
	}
	return op
}

func (r *reader) memarg() { r.leb(); r.leb() }

// vector skips the immediates of a SIMD instruction.
func (r *reader) vector() {
	switch k := r.leb(); {
	case k <= 11 || k == 92 || k == 93:
		r.memarg()
	case k == 12 || k == 13:
		r.take(16)
	case k >= 21 && k <= 34:
		r.byte()
	case k >= 84 && k <= 91:
		r.memarg()
		r.byte()
	case k <= 255:
	default:
		r.err = fmt.Errorf("fuel: unknown opcode fd %d", k)
	}
}
