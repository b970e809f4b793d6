// Package infonce is the contrastive loss of one direction: each query picks its
// key (van den Oord et al. 2018), among the batch's keys or those of a queue.
package infonce

import "github.com/fwlab/fw/sdk"

type inBatch struct {
	temperature float64
	scaled      bool
}

// Plugin declares the loss whose negatives are the batch's other keys.
func Plugin() *sdk.Plugin {
	l := &inBatch{}
	p := sdk.ContrastLoss("fw/infonce", "1.0.0", l).
		Doc("InfoNCE: each query picks its key among the N keys of the batch (van den Oord et al. 2018; NNCLR, MoCo v3)")
	p.Float(&l.temperature, "temperature", 0.1, "scale of the similarities: 0.1 in NNCLR, 0.2 in MoCo v3 on ResNet", sdk.Above(0))
	p.Bool(&l.scaled, "scaled", false, "times 2*temperature, as MoCo v3 does")
	return p
}

func (l *inBatch) Loss(b *sdk.Builder, z1, z2 sdk.Value) sdk.Value {
	queries, keys := z1.L2Normalize(1), z2.L2Normalize(1)
	sim := queries.MatMul(keys.T()).Scale(1 / l.temperature)
	loss := sim.CrossEntropy(b.Iota(z1.Dim(0))).Mean()
	if l.scaled {
		return loss.Scale(2 * l.temperature)
	}
	return loss
}

type queued struct{ temperature float64 }

// Queue declares the loss whose negatives are given.
func Queue() *sdk.Plugin {
	l := &queued{}
	p := sdk.LookupLoss("fw/infonce-queue", "1.0.0", l).
		Doc("InfoNCE: each query picks its key among it and K negatives (He et al. 2020, eq. 1)")
	p.Float(&l.temperature, "temperature", 0.07, "scale of the similarities: 0.07 in MoCo v1, 0.2 in v2, 0.1 on CIFAR-10", sdk.Above(0))
	return p
}

func (l *queued) Loss(b *sdk.Builder, queries, keys, negatives sdk.Value) sdk.Value {
	positive := queries.Mul(keys).SumKeep(1)  // f32[N,1]
	negative := queries.MatMul(negatives.T()) // f32[N,K]
	logits := b.Concat(1, positive, negative).Scale(1 / l.temperature)
	return logits.CrossEntropy(b.Iota(queries.Dim(0)).Scale(0)).Mean() // the positive comes first
}
