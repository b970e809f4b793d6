package jigsaw

import "math/bits"

// permutations is so many orders of n things that differ in as many places as can be:
// each is the one whose mean Hamming distance to those before it is greatest, and of
// those with the same mean the one whose least distance is (Noroozi & Favaro 2016,
// algorithm 1). Of equal ones it is the first in lexicographic order, from the
// identity on: any other start gives the same set but for the names of the places.
func permutations(n, count int) [][]int {
	all := packed(n)
	apart := make([]int, len(all)) // sum of the distances to those chosen
	least := make([]int, len(all)) // the least of them; 0 for those chosen
	for i := range least {
		least[i] = n
	}
	var chosen [][]int
	for next := 0; ; {
		chosen = append(chosen, unpacked(all[next], n))
		if len(chosen) == count {
			return chosen
		}
		last := all[next]
		next = -1
		for i, order := range all {
			d := hamming(last, order)
			apart[i] += d
			least[i] = min(least[i], d)
			if least[i] > 0 && (next < 0 || apart[i] > apart[next] || apart[i] == apart[next] && least[i] > least[next]) {
				next = i
			}
		}
	}
}

// packed is every order of n things in lexicographic order, four bits an element.
func packed(n int) (all []uint64) {
	var extend func(order uint64, length int, used uint)
	extend = func(order uint64, length int, used uint) {
		if length == n {
			all = append(all, order)
			return
		}
		for i := range n {
			if used>>i&1 == 0 {
				extend(order|uint64(i)<<(4*length), length+1, used|1<<i)
			}
		}
	}
	extend(0, 0, 0)
	return all
}

func unpacked(order uint64, n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = int(order >> (4 * i) & 15)
	}
	return p
}

// hamming is in how many places two orders differ.
func hamming(a, b uint64) int {
	x := a ^ b
	x |= x >> 2
	x |= x >> 1
	return bits.OnesCount64(x & 0x1111111111111111)
}
