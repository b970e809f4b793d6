package vec

import "github.com/fwlab/fw/core/rng"

// Philox: dst[i] = key.Block(block + i/4)[i%4], the random words of core/rng.
func Philox(dst []uint32, key rng.Key, block uint64) {
	m := 0
	if useAVX2 && block+uint64(len(dst)/4) <= 1<<32 {
		m = len(dst) &^ (4*lanes() - 1)
	}
	if m > 0 {
		avxPhilox(&dst[0], key[0], key[1], uint32(block), m)
	}
	for ; m < len(dst); m += 4 {
		w := key.Block(block + uint64(m)/4)
		copy(dst[m:], w[:])
	}
}

// lanes is the number of floats in a vector of the assembly.
func lanes() int {
	if useAVX512 {
		return 16
	}
	return 8
}
