package sdk

import (
	"strconv"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/shape"
)

// RelativePositions is, for each query and key among a class token and n x n patches,
// which row of a table of (2n-1)*(2n-1)+3 biases is theirs, [1+n*n,1+n*n]: patches by
// how far the rows and columns of one are from the other's, and the last three for the
// class token to patches, patches to it, and it to itself (Bao et al. 2022's code).
func RelativePositions(n int) []float64 {
	side, t := 2*n-1, 1+n*n
	table := make([]float64, t*t)
	for q := range t {
		for k := range t {
			row := side * side // class token to patches
			switch {
			case q > 0 && k > 0:
				row = ((q-1)/n-(k-1)/n+n-1)*side + (q-1)%n - (k-1)%n + n - 1
			case q > 0:
				row++
			case k == 0:
				row += 2
			}
			table[q*t+k] = float64(row)
		}
	}
	return table
}

// relative is the bias f32[heads,T,T] of tokens [B,T,...], a class token and a square of
// patches. Its table starts at 0.
func (t Transformer) relative(scope string, tokens Value) Value {
	b := tokens.Builder()
	n, leading := Grid(tokens)
	if leading != 1 {
		b.Fail("relative positions are of a class token and a square of patches, found " + strconv.Itoa(tokens.Dim(1)) + " tokens")
	}
	rows := (2*n-1)*(2*n-1) + 3
	table := b.Param(join(scope, "rel_pos_bias.relative_position_bias_table"), Constant(0), []int{rows, t.Heads})
	index := b.Constant(shape.Of(dtype.I32, 1+n*n, 1+n*n), RelativePositions(n))
	return table.Take(0, index).Transpose(2, 0, 1)
}

// biasedAttention is softmax(q k^T * scale + bias) v for each head of packed queries, keys
// and values f32[N,T,3,H,d], with bias f32[H,T,T]: f32[N,T,H,d].
func biasedAttention(qkv Value, scale float64, bias Value) Value {
	b, t, h, d := qkv.Dim(0), qkv.Dim(1), qkv.Dim(3), qkv.Dim(4)
	part := func(i int) Value { return qkv.Slice(2, i, i+1).Reshape(b, t, h, d).Transpose(0, 2, 1, 3) } // f32[N,H,T,d]
	q, k, v := part(0).Scale(scale), part(1), part(2)
	scores := q.Dot(k, []int{0, 1}, []int{0, 1}, []int{3}, []int{3}).Add(bias)
	return scores.Softmax().MatMul(v).Transpose(0, 2, 1, 3)
}
