package exec

import (
	"errors"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/gemm"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// storesBF16 are the ops whose kernels read and write bfloat16 themselves; others
// run by way of float32 copies.
var storesBF16 = map[string]bool{
	"constant": true, "broadcast_in_dim": true, "transpose": true, "slice": true, "pad": true, "concatenate": true, "reverse": true,
	"dynamic_slice": true, "dynamic_update_slice": true, "gather": true,
	"batch_norm_training": true, "batch_norm_inference": true, "batch_norm_grad": true, "layer_norm": true, "layer_norm_grad": true,
}

// inPairs are the ops that multiply words of two bfloat16s, and whether they do so
// for an instruction, whose operands are bfloat16.
var inPairs = map[string]func(b *binding) bool{
	"dot_general": func(b *binding) bool {
		_, err := gemm.NewDot(b.dotSpec(), b.workers)
		return !errors.Is(err, gemm.ErrPairs)
	},
	"convolution":      func(b *binding) bool { return b.convPairs(b.is[0], b.is[1]) && b.os[0].DType == dtype.BF16 },
	"conv_transpose":   func(b *binding) bool { return b.convPairs(b.os[0], b.is[1]) && b.os[0].DType == dtype.BF16 },
	"conv_weight_grad": func(b *binding) bool { return b.convPairs(b.is[0], b.os[0]) },
}

// narrowing are the ops with kernels for a bfloat16 output of float32 images, and
// whether they have one for an instruction's shapes.
var narrowing = map[string]func(b *binding) bool{
	"convolution":      func(b *binding) bool { return b.convNarrows(b.is[0], b.is[1]) },
	"conv_weight_grad": func(b *binding) bool { return b.convNarrows(b.is[0], b.os[0]) },
}

func (b *binding) convNarrows(x, w shape.Shape) bool {
	s, err := b.convSpec(x, w)
	return err == nil && s.Narrows()
}

func (b *binding) convPairs(x, w shape.Shape) bool {
	s, err := b.convSpec(x, w)
	return err == nil && s.Pairs()
}

// widen plans the kernel of an instruction over float32 where an operand or a
// result is bfloat16 and the op has no kernel for that, or not for its shapes or
// this processor.
func (b *binding) widen(plan func(b *binding) (kernel, error)) (kernel, error) {
	if storesBF16[b.instr.Op] {
		return plan(b)
	}
	if pairs, ok := inPairs[b.instr.Op]; ok && b.is[0].DType == dtype.BF16 && b.is[1].DType == dtype.BF16 && pairs(b) {
		return plan(b)
	}
	if narrows, ok := narrowing[b.instr.Op]; ok && b.narrows() && narrows(b) {
		return plan(b)
	}
	w := &widened{}
	wide := *b
	wide.is, w.in = inF32(b.is)
	wide.os, w.out = inF32(b.os)
	k, err := plan(&wide)
	if len(w.in)+len(w.out) == 0 || err != nil {
		return k, err
	}
	w.kernel = k
	return w, nil
}

// inF32 is shapes with f32 in place of bf16, and which those are.
func inF32(list []shape.Shape) ([]shape.Shape, []copied) {
	wide := append([]shape.Shape(nil), list...)
	var copies []copied
	for i, s := range list {
		if s.DType == dtype.BF16 {
			wide[i] = shape.F32(s.Dims...)
			copies = append(copies, copied{at: i, size: s.Size()})
		}
	}
	return wide, copies
}

// widened is a kernel over float32 copies of its bfloat16 operands and results.
type widened struct {
	kernel
	in, out []copied
}

// copied is one bfloat16 operand or result with its float32 copy.
type copied struct {
	at, size int
	narrow   bool // from the copy back
	half     []uint16
	wide     []float32
}

// Scratch implements kernel.
func (k *widened) Scratch() int {
	n := aligned(k.kernel.Scratch())
	for _, list := range [][]copied{k.in, k.out} {
		for _, c := range list {
			n += aligned(c.size)
		}
	}
	return n
}

// aligned is n float32s made whole cache lines.
func aligned(n int) int { return (n + buf.Align/4 - 1) &^ (buf.Align/4 - 1) }

// Bind implements kernel.
func (k *widened) Bind(scratch []float32, out, in []buf.Buf) {
	own := k.kernel.Scratch()
	rest := scratch[aligned(own):]
	place := func(list []copied, bufs []buf.Buf, narrow bool) []buf.Buf {
		wide := append([]buf.Buf(nil), bufs...)
		for i := range list {
			c := &list[i]
			c.narrow, c.half, c.wide = narrow, bufs[c.at].BF16[:c.size], rest[:c.size:c.size]
			rest = rest[aligned(c.size):]
			wide[c.at] = buf.OfF32(c.wide)
		}
		return wide
	}
	wideIn := place(k.in, in, false)
	k.kernel.Bind(scratch[:own], place(k.out, out, true), wideIn)
}

// Run implements kernel.
func (k *widened) Run(p *pool.Pool) {
	for i := range k.in {
		k.in[i].run(p)
	}
	k.kernel.Run(p)
	for i := range k.out {
		k.out[i].run(p)
	}
}

// FLOPs is those of the kernel.
func (k *widened) FLOPs() int64 {
	if x, ok := k.kernel.(interface{ FLOPs() int64 }); ok {
		return x.FLOPs()
	}
	return 0
}

const copiedChunk = 16 << 10

func (c *copied) run(p *pool.Pool) { p.Run((c.size+copiedChunk-1)/copiedChunk, c) }

// Chunk implements pool.Task.
func (c *copied) Chunk(i, _ int) {
	lo, hi := i*copiedChunk, min((i+1)*copiedChunk, c.size)
	if c.narrow {
		bf16.Narrow(c.half[lo:hi], c.wide[lo:hi])
	} else {
		bf16.Widen(c.wide[lo:hi], c.half[lo:hi])
	}
}
