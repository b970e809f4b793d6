package fuel

// growPrice is what asking for more memory costs, which leaves the guest.
const growPrice = 100

// charge is: fuel -= units; if fuel < 0 { unreachable }.
func charge(global, units uint64) []byte {
	b := leb([]byte{0x23}, global)
	b = append(b, 0x42)
	if units > 63 { // the number is signed
		b = append(b, byte(units)|0x80, byte(units>>7))
	} else {
		b = append(b, byte(units))
	}
	return append(b, settle(global)...)
}

// bulk is the instructions whose work is a length on the top of the stack, with the
// power of two of it that one unit pays for: bytes of memory, elements of tables.
var bulk = map[int]byte{
	0xfc08: 5, // memory.init
	0xfc0a: 5, // memory.copy
	0xfc0b: 5, // memory.fill
	0xfc0c: 3, // table.init
	0xfc0e: 3, // table.copy
	0xfc11: 3, // table.fill
}

// chargeLength is: fuel -= uint32(top) >> shift; if fuel < 0 { unreachable }, where
// the global after the counter holds the top of the stack meanwhile.
func chargeLength(global uint64, shift byte) []byte {
	length := global + 1
	b := leb([]byte{0x24}, length)
	b = leb(append(b, 0x23), global)
	b = leb(append(b, 0x23), length)
	b = append(b, 0xad, 0x42, shift, 0x88) // i64.extend_i32_u, i64.const, i64.shr_u
	b = append(b, settle(global)...)
	return leb(append(b, 0x23), length)
}

// settle takes the top of the stack from the counter below it, and traps below zero.
func settle(global uint64) []byte {
	b := leb([]byte{0x7d, 0x24}, global)
	b = leb(append(b, 0x23), global)
	return append(b, 0x42, 0, 0x53, 0x04, 0x40, 0x00, 0x0b)
}
