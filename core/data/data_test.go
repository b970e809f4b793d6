package data

import (
	"testing"

	"github.com/fwlab/fw/core/rng"
)

func TestOrderIsAPermutationOfItsEpoch(t *testing.T) {
	k := rng.New(4)
	a, b := Order(k, 0, 100), Order(k, 1, 100)
	same := 0
	seen := map[int]bool{}
	for i := range a {
		seen[a[i]] = true
		if a[i] == b[i] {
			same++
		}
	}
	if len(seen) != 100 || same > 20 {
		t.Errorf("%d distinct positions, %d alike in the next epoch", len(seen), same)
	}
}
