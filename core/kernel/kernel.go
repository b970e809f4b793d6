// Package kernel owns the CPU kernels: each is planned once for its shapes,
// bound once to its buffers, and run every step without allocating. Fast
// kernels (AVX2 assembly, generated in asm/) stand beside plain-Go twins that
// mean the same; the twins alone run everything with -tags noasm and on other
// processors. Start from [Kernel].
//
// Results never depend on the number of workers: work is cut into chunks by
// shape alone, and sums have a fixed order.
package kernel

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/cpu"

	"github.com/fwlab/fw/core/pool"
)

// Kernel is one operation bound to its buffers.
type Kernel interface {
	// Run computes the outputs from the inputs.
	Run(p *pool.Pool)
}

// Buffer is 64-byte aligned memory seen as any 4-byte element type, or as bytes.
type Buffer struct{ bytes []byte }

// NewBuffer allocates n zero bytes.
func NewBuffer(n int) Buffer {
	b := make([]byte, n+64)
	off := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & 63
	return Buffer{b[off : off+n : off+n]}
}

// BufferOf sees existing memory, aligned to 4 bytes, as a Buffer.
func BufferOf(b []byte) Buffer { return Buffer{b} }

// Slice is n bytes of b from off on; off must be a multiple of 4 for 4-byte views.
func (b Buffer) Slice(off, n int) Buffer { return Buffer{b.bytes[off : off+n : off+n]} }

// Len is the number of bytes.
func (b Buffer) Len() int { return len(b.bytes) }

// U8 is b as bytes.
func (b Buffer) U8() []uint8 { return b.bytes }

// F32 is b as float32.
func (b Buffer) F32() []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b.bytes))), len(b.bytes)/4)
}

// I32 is b as int32.
func (b Buffer) I32() []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(b.bytes))), len(b.bytes)/4)
}

// U32 is b as uint32.
func (b Buffer) U32() []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(b.bytes))), len(b.bytes)/4)
}

// useAVX2 is whether the assembly runs. FW_ISA=noasm switches it off, FW_ISA=avx2 insists.
var useAVX2 = haveAsm && cpu.X86.HasAVX2 && cpu.X86.HasFMA && os.Getenv("FW_ISA") != "noasm"

// ISA names the instruction set in use.
func ISA() string {
	if useAVX2 {
		return "avx2"
	}
	return "noasm"
}

// CheckISA reports an instruction set that was asked for and cannot be used.
func CheckISA() error {
	switch want := os.Getenv("FW_ISA"); {
	case want == "" || want == ISA():
		return nil
	case want != "avx2" && want != "noasm":
		return fmt.Errorf("FW_ISA: expected avx2 or noasm, found %q", want)
	default:
		return fmt.Errorf("FW_ISA=%s: this processor or build has no %s; unset FW_ISA", want, want)
	}
}

// span is chunk i of n elements cut into pieces of size.
func span(i, size, n int) (lo, hi int) { return i * size, min((i+1)*size, n) }

func ceilDiv(a, b int) int { return (a + b - 1) / b }
