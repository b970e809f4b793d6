// Package constants keeps the constants of a file of assembly, each once.
package constants

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

var known = map[string]operand.Mem{}

// Bytes is memory that holds the same 16 bytes twice, or 32 bytes.
func Bytes(b ...byte) operand.Mem {
	if len(b) == 16 {
		b = append(b, b...)
	}
	key := string(b)
	m, ok := known[key]
	if !ok {
		m = build.GLOBL(fmt.Sprintf("c%d", len(known)), build.RODATA|build.NOPTR)
		for i := 0; i < len(b); i += 8 {
			build.DATA(i, operand.U64(binary.LittleEndian.Uint64(b[i:])))
		}
		known[key] = m
	}
	return m
}

// Words is memory that holds eight copies of x.
func Words(x uint32) operand.Mem {
	return Bytes([]byte(strings.Repeat(string(binary.LittleEndian.AppendUint32(nil, x)), 8))...)
}

// Num is memory that holds eight copies of x.
func Num(x float64) operand.Mem { return Words(math.Float32bits(float32(x))) }

// Order is eight words, such as VPERMD takes.
func Order(words ...uint32) operand.Mem {
	var b []byte
	for _, w := range words {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return Bytes(b...)
}
