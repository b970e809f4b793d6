package libjpeg

import "bytes"

// lookBits are looked up at once.
const lookBits = 11

// huffman is a table of codes. An entry of fast is for the next bits: how many of
// them its code takes, with what follows it where that fits.
type huffman struct {
	spec [272]byte // as in the file, to know it again
	n    int       // of spec
	ac   bool
	fast [1 << lookBits]entry
	// for progressive files: the symbol of the next 8 bits and above it its length, 0
	// if it is longer
	short [256]uint16
	// of codes of each length: the first behind them, to 16 bits, and what to add to
	// a code for its place among values
	above  [17]int32
	offset [17]int32
	values [256]byte
}

// entry is, from the lowest bit on: the bits to take, 5; the size of a number that
// follows those, 4; the coefficients to pass over, 7; and the number, 16, where it
// is among the bits taken. 0 is for a code that is longer than lookBits, or none.
type entry uint32

// end is passed over at the end of a block.
const end = 64

func newEntry(bits, size, run, value int) entry {
	return entry(bits | size<<5 | run<<9 | int(uint16(value))<<16)
}

// set makes the table of lengths and values as DHT has them, unless it is the last one's.
func (t *huffman) set(spec []byte, ac bool) error {
	if t.ac == ac && bytes.Equal(t.spec[:t.n], spec) {
		return nil
	}
	t.n = 0 // unknown, should it fail
	clear(t.fast[:])
	clear(t.short[:])
	copy(t.values[:], spec[16:])
	code, place := int32(0), int32(0)
	for length := 1; length <= 16; length++ {
		n := int32(spec[length-1])
		if code+n > 1<<length {
			return errFault
		}
		t.offset[length] = place - code
		for range n {
			if length <= 8 {
				for tail := range int32(1) << (8 - length) {
					t.short[code<<(8-length)|tail] = uint16(length)<<8 | uint16(t.values[place])
				}
			}
			if length <= lookBits {
				t.enter(int(code), length, t.values[place], ac)
			}
			code, place = code+1, place+1
		}
		t.above[length] = code << (16 - length)
		code <<= 1
	}
	copy(t.spec[:], spec)
	t.n, t.ac = len(spec), ac
	return nil
}

// enter fills in all bits that begin with a code.
func (t *huffman) enter(code, length int, symbol byte, ac bool) {
	spare := lookBits - length
	for tail := range 1 << spare {
		t.fast[code<<spare|tail] = decoded(length, symbol, ac, tail, spare)
	}
}

// decoded is the entry of a symbol, with spare bits behind its code that are tail.
func decoded(length int, symbol byte, ac bool, tail, spare int) entry {
	run, size := int(symbol>>4), int(symbol&15)
	if !ac {
		run, size = 0, int(symbol)
		if size > 11 {
			return 0
		}
	}
	switch {
	case ac && symbol == 0:
		return newEntry(length, 0, end, 0)
	case size == 0 && run != 0 && run != 15:
		return 0 // of progressive files alone
	case size > spare:
		return newEntry(length, size, run, 0)
	}
	return newEntry(length+size, 0, run, extend(tail>>(spare-size), size))
}

// extend is the number that size bits stand for (T.81 figure F.12).
func extend(bits, size int) int {
	if size > 0 && bits < 1<<(size-1) {
		return bits - 1<<size + 1
	}
	return bits
}

// long decodes a code of more than lookBits from the next 16 bits; 0 for none.
func (t *huffman) long(next int32) entry {
	if next < t.above[lookBits] { // a short code, of what no file may have
		return 0
	}
	for length := lookBits + 1; length <= 16; length++ {
		if next < t.above[length] {
			return decoded(length, t.values[(next>>(16-length)+t.offset[length])&255], t.ac, 0, 0)
		}
	}
	return 0
}
