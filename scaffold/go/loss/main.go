// Command starter is the normalised temperature-scaled cross-entropy of SimCLR
// (Chen et al. 2020, eq. 1), averaged over all 2N embeddings.
package main

import "github.com/fwlab/fw/sdk"

type ntxent struct{ temperature float64 }

// Loss traces the loss of two views' embeddings, f32[N,D] each.
func (l *ntxent) Loss(b *sdk.Builder, z1, z2 sdk.Value) sdk.Value {
	n := z1.Dim(0)
	z := b.Concat(0, z1, z2).L2Normalize(1) // f32[2N,D]
	sim := z.MatMul(z.T()).Scale(1 / l.temperature).MaskDiagonal()
	positives := b.Iota(2 * n).AddConst(float64(n)).Mod(2 * n) // i's positive is i+N
	return sim.CrossEntropy(positives).Mean()
}

func plugin() *sdk.Plugin {
	l := &ntxent{}
	p := sdk.ContrastLoss("mine/starter", "0.1.0", l).Doc("each embedding picks its partner among the 2N-1 others (Chen et al. 2020, eq. 1)")
	p.Float(&l.temperature, "temperature", 0.5, "scale of the similarities", sdk.Above(0))
	return p
}

func main() { plugin().Serve() }
