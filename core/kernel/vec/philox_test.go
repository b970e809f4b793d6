package vec

import (
	"testing"

	"github.com/fwlab/fw/core/rng"
)

func TestPhiloxIsTheKeysWords(t *testing.T) {
	key := rng.New(0x123456789abcdef).Fold(3)
	for _, n := range []int{0, 1, 4, 31, 32, 33, 64, 100, 1000} {
		for _, block := range []uint64{0, 5, 1<<32 - 260, 1<<32 - 8, 1<<32 - 3, 1 << 40} {
			dst := make([]uint32, n)
			Philox(dst, key, block)
			for i, got := range dst {
				if want := key.Block(block + uint64(i)/4)[i%4]; got != want {
					t.Fatalf("word %d of %d from block %d is %x, want %x", i, n, block, got, want)
				}
			}
		}
	}
}
