package fuel

import (
	"errors"
	"fmt"
)

const (
	opLoop       = 0x03
	opMemoryGrow = 0x40
	opTableGrow  = 0xfc0f
)

// opcode reads the number after a prefix, in its shortest form: engines do not read
// others alike, and what one skips another runs.
func (r *reader) opcode() uint64 {
	start := r.i
	k := r.leb()
	if r.err == nil && r.i-start > 1 && r.b[r.i-1] == 0 {
		r.err = errors.New("fuel: an opcode is longer than it has to be")
	}
	return k
}

// instruction skips one instruction with its immediates and returns its opcode,
// with a prefix before it in the higher byte.
func (r *reader) instruction() int {
	op := int(r.byte())
	switch {
	case op == 0x02 || op == opLoop || op == 0x04: // block, loop, if: block type
		if t := r.leb(); t == 0x63 || t == 0x64 { // a heap type would follow
			r.err = fmt.Errorf("fuel: unknown block type %#x", t)
		}
	case op == 0x23 || op == 0x24: // global.get, global.set
		if g := r.leb(); g >= r.globals && r.err == nil {
			r.err = fmt.Errorf("fuel: global %d of %d", g, r.globals)
		}
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
			r.valueType()
		}
	case op >= 0x28 && op <= 0x3e:
		r.memarg()
	case op == 0x43:
		r.take(4)
	case op == 0x44:
		r.take(8)
	case op == 0xfc:
		k := r.opcode()
		op = 0xfc00 | int(k&0xff)
		switch {
		case k <= 7:
		case k == 8 || k == 10 || k == 12 || k == 14:
			r.leb()
			r.leb()
		case op == opTableGrow:
			r.err = errors.New("fuel: table.grow is refused: tables are no memory that is bounded")
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
	switch k := r.opcode(); {
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
