// Package rng owns randomness: counter-based, splittable keys over Philox4x32-10
// (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). There is
// no other source of randomness in the project and no hidden state: the same key
// and counter give the same bits on every machine. Start from [Key].
// It is linked into plugin guests: it imports only math and math/bits.
//
// A product that is added to is converted explicitly, here and wherever draws
// become numbers: the conversion rounds it, where a compiler may otherwise fuse
// the two into one rounding on some machines.
package rng

import (
	"math"
	"math/bits"
)

// Key names a random stream, as a JAX key does: draws from it by counter, derive others from it with Fold.
type Key [2]uint32

// New makes the root key of a seed.
func New(seed uint64) Key { return Key{uint32(seed), uint32(seed >> 32)} }

// philox is ten rounds of Philox4x32 on counter c. Its words are variables because
// compilers keep arrays in memory, five rounds are in line because a guest pays for
// each turn of a loop.
func philox(k Key, c [4]uint32) [4]uint32 {
	const w0, w1 = 0x9E3779B9, 0xBB67AE85
	c0, c1, c2, c3, k0, k1 := c[0], c[1], c[2], c[3], k[0], k[1]
	for range 2 {
		c0, c1, c2, c3 = round(c0, c1, c2, c3, k0, k1)
		k0, k1 = k0+w0, k1+w1
		c0, c1, c2, c3 = round(c0, c1, c2, c3, k0, k1)
		k0, k1 = k0+w0, k1+w1
		c0, c1, c2, c3 = round(c0, c1, c2, c3, k0, k1)
		k0, k1 = k0+w0, k1+w1
		c0, c1, c2, c3 = round(c0, c1, c2, c3, k0, k1)
		k0, k1 = k0+w0, k1+w1
		c0, c1, c2, c3 = round(c0, c1, c2, c3, k0, k1)
		k0, k1 = k0+w0, k1+w1
	}
	return [4]uint32{c0, c1, c2, c3}
}

func round(c0, c1, c2, c3, k0, k1 uint32) (uint32, uint32, uint32, uint32) {
	h0, l0 := bits.Mul32(0xD2511F53, c0)
	h1, l1 := bits.Mul32(0xCD9E8D57, c2)
	return h1 ^ c1 ^ k0, l1, h0 ^ c3 ^ k1, l0
}

// The last counter word separates the uses of one key.
const (
	domainBits = 0
	domainFold = 1
)

// Block is the i-th block of four random words of k.
func (k Key) Block(i uint64) [4]uint32 {
	return philox(k, [4]uint32{uint32(i), uint32(i >> 32), 0, domainBits})
}

// Fold derives the key of one of k's parts: a purpose, an epoch, a sample. It is JAX's fold_in.
func (k Key) Fold(data uint64) Key {
	b := philox(k, [4]uint32{uint32(data), uint32(data >> 32), 0, domainFold})
	return Key{b[0], b[1]}
}

// FoldString derives a key from a name (FNV-1a), for purposes that are named rather than numbered.
func (k Key) FoldString(name string) Key {
	h := uint64(14695981039346656037)
	for i := 0; i < len(name); i++ {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return k.Fold(h)
}

// Word is the i-th random word of k: word i%4 of block i/4.
func (k Key) Word(i uint64) uint32 { return k.Block(i / 4)[i%4] }

// Uniform01 maps a word to [0,1) with 24 bits, exactly representable in float32.
func Uniform01(w uint32) float32 { return float32(w>>8) * (1.0 / (1 << 24)) }

// NormalPair is the Box-Muller transform of two words: two independent standard normals.
// It is computed in float64 and rounded once.
func NormalPair(w0, w1 uint32) (float32, float32) {
	r, angle := polar(w0, w1)
	return float32(r * cosine(angle)), float32(r * sine(angle))
}

func polar(w0, w1 uint32) (r, angle float64) {
	u := (float64(w0) + 0.5) * (1.0 / (1 << 32)) // in (0,1)
	v := (float64(w1) + 0.5) * (1.0 / (1 << 32))
	return math.Sqrt(-2 * log(u)), 2 * math.Pi * v
}
