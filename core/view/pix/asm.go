package pix

import "github.com/fwlab/fw/core/kernel/isa"

// useAVX2 has assembly do whole groups of bytes or pixels, and plain Go the rest:
// the bytes are the same.
var useAVX2 = isa.AVX2()

// whole is how many of n elements the assembly takes, each at a time.
func whole(n, each int) int {
	if useAVX2 {
		return n - n%each
	}
	return 0
}

// octet is the pixels that assembly takes at a time, and octetBytes their bytes in colour.
const (
	octet      = 8
	octetBytes = 3 * octet
)
