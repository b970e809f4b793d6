// Package random owns the kernels that fill tensors from a key, u32[2]. Every
// element is what core/rng gives for its index. Start from [New].
package random

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
)

// Kind is a distribution.
type Kind uint8

const (
	Bits        Kind = iota // u32: element i is word i of the key
	Uniform                 // f32 in [Low, High): Low + (High-Low)*Uniform01(word i)
	Normal                  // f32: elements 2j and 2j+1 are NormalPair of words 2j and 2j+1
	Permutation             // i32: Key.Stream().Perm(N)
	Beta                    // f32: element i is Key.Fold(i).Stream().Beta(A, B)
)

// Spec is N elements of a distribution.
type Spec struct {
	Kind      Kind
	N         int
	Low, High float32 // of Uniform
	A, B      float64 // of Beta
}

// Kernel is a planned fill.
type Kernel struct {
	Spec
	key []uint32
	out buf.Buf
}

// chunkElements is a multiple of the four words of a block.
const chunkElements = 4 << 10

// New plans s.
func New(s Spec, workers int) (*Kernel, error) {
	if s.Kind > Beta {
		return nil, fmt.Errorf("random: unknown kind %d", s.Kind)
	}
	if err := shape.Of(dtype.U32, s.N).Check(); err != nil {
		return nil, fmt.Errorf("random: %w", err)
	}
	if s.Kind == Permutation && s.N > math.MaxInt32 {
		return nil, fmt.Errorf("random: a permutation of %d does not fit i32", s.N)
	}
	if s.Kind == Uniform && !(s.Low < s.High && s.High-s.Low <= math.MaxFloat32) {
		return nil, fmt.Errorf("random: uniform needs low < high, found %v and %v", s.Low, s.High)
	}
	if s.Kind == Beta && (!(s.A > 0 && s.B > 0) || math.IsInf(s.A+s.B, 0)) {
		return nil, fmt.Errorf("random: beta needs finite a and b above 0, found %v and %v", s.A, s.B)
	}
	return &Kernel{Spec: s}, nil
}

// Scratch is how many float32s Bind needs.
func (k *Kernel) Scratch() int { return 0 }

// Bind gives the kernel its memory: one output; the key.
func (k *Kernel) Bind(scratch []float32, out, in []buf.Buf) {
	if len(out) != 1 || len(in) != 1 || len(out[0].U32) < k.N || len(in[0].U32) < 2 {
		panic(fmt.Sprintf("random: Bind: expected an output of %d elements and a key", k.N))
	}
	k.out, k.key = out[0], in[0].U32[:2]
}

// Run computes the output.
func (k *Kernel) Run(p *pool.Pool) {
	if k.Kind == Permutation {
		permute(k.out.I32[:k.N], rng.Key{k.key[0], k.key[1]})
		return
	}
	p.Run((k.N+chunkElements-1)/chunkElements, k)
}

// permute is Stream.Perm without its allocation.
func permute(p []int32, key rng.Key) {
	s := key.Stream()
	for i := range p {
		j := s.Intn(i + 1)
		p[i] = p[j]
		p[j] = int32(i)
	}
}

// Chunk implements pool.Task: the words first, then what they become, in place.
func (k *Kernel) Chunk(i, worker int) {
	lo, hi := i*chunkElements, min((i+1)*chunkElements, k.N)
	words, floats := k.out.U32[lo:hi], k.out.F32[lo:hi]
	key := rng.Key{k.key[0], k.key[1]}
	if k.Kind == Beta {
		for j := range floats {
			s := key.Fold(uint64(lo + j)).Stream()
			floats[j] = float32(s.Beta(k.A, k.B))
		}
		return
	}
	vec.Philox(words, key, uint64(lo)/4)
	switch k.Kind {
	case Uniform:
		below := math.Nextafter32(k.High, k.Low)
		for j, w := range words {
			// Rounding may reach High, which the interval does not hold.
			floats[j] = min(k.Low+float32((k.High-k.Low)*rng.Uniform01(w)), below)
		}
	case Normal:
		for j := 0; j+1 < len(words); j += 2 {
			floats[j], floats[j+1] = rng.NormalPair(words[j], words[j+1])
		}
		if n := len(words); n%2 == 1 {
			floats[n-1], _ = rng.NormalPair(words[n-1], key.Word(uint64(hi)))
		}
	}
}

// FoldIn derives the key of a part: out = Key.Fold(part).
type FoldIn struct {
	key, part, out []uint32
}

// NewFoldIn plans rng_fold_in for a part of type i32 or u32. The part's 32 bits
// are taken as an unsigned number.
func NewFoldIn(part dtype.DType, workers int) (*FoldIn, error) {
	if part != dtype.I32 && part != dtype.U32 {
		return nil, fmt.Errorf("rng_fold_in: expected i32 or u32, found %v", part)
	}
	return &FoldIn{}, nil
}

// Scratch is how many float32s Bind needs.
func (k *FoldIn) Scratch() int { return 0 }

// Bind gives the kernel its memory: the derived key; the key and the part.
func (k *FoldIn) Bind(scratch []float32, out, in []buf.Buf) {
	if len(out) != 1 || len(in) != 2 || len(out[0].U32) < 2 || len(in[0].U32) < 2 || len(in[1].U32) < 1 {
		panic("random: rng_fold_in: Bind: expected a key and a part, and an output of 2 words")
	}
	k.out, k.key, k.part = out[0].U32[:2], in[0].U32[:2], in[1].U32[:1]
}

// Run computes the output.
func (k *FoldIn) Run(p *pool.Pool) {
	derived := rng.Key{k.key[0], k.key[1]}.Fold(uint64(k.part[0]))
	copy(k.out, derived[:])
}
