package gemm

import (
	"errors"

	"github.com/fwlab/fw/core/kernel/isa"
)

// ErrPairs says that a product of bfloat16 has no kernel: the processor has no
// instructions for it, or its sum does not come in pairs. It can be had by way of
// float32.
var ErrPairs = errors.New("gemm: no product of bfloat16 pairs for this processor or shape")

// pairing is how a product reads its operands. With pairs an element of the sum is
// a word of two bfloat16s: k, ak and bk of the strided product then count words.
type pairing struct {
	pairs bool
	half  bool // C is bfloat16
	size  int  // bytes of an element of A and B
	hiA   int  // elements from the lower half of a word of A to the upper; at 1, A is made of words
	hiB   int
}

var floats = pairing{size: 4}

// paired makes p a product over words of A and B.
func (p strided) paired(half bool) (strided, error) {
	words := p.bk == 1 && p.bn != 1 // B is read as words, two elements each
	even := p.k%2 == 0 && (p.ak == 1 || p.am == 1) && (p.bn == 1 || words && p.bn%2 == 0)
	for _, b := range p.batch {
		even = even && !(words && b.b%2 != 0)
	}
	if !isa.BF16() || !even || half && p.accumulate {
		return p, ErrPairs
	}
	p.pairing = pairing{pairs: true, half: half, size: 2, hiA: p.ak, hiB: p.bk}
	p.k, p.ak, p.bk = p.k/2, 2*p.ak, 2*p.bk
	return p, nil
}
