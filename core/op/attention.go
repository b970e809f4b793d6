package op

import (
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Attention reads queries, keys and values where one linear layer leaves them,
// so that no copy makes heads of them: token t of image n has them side by side.
var attentionOps = []Def{
	{Name: "scaled_dot_product_attention", In: 1, Class: Data, Doc: "softmax(q k^T * scale) v for each head of x f32[N,T,3,H,d], which holds q, k and v in that order; results are f32[N,T,H,d] and the logarithm of each row's sum of exponentials, f32[N,H,T]",
		Attrs: []AttrDef{real("scale")}, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
			out, lse, ok := heads(in[0])
			if !ok {
				return bad("expected f32[N,T,3,H,d], found ", in[0].String())
			}
			return []shape.Shape{out, lse}, nil
		}},
	{Name: "scaled_dot_product_attention_grad", In: 4, Class: Data, Doc: "the gradient of scaled_dot_product_attention; operands x, its two results and the first one's gradient",
		Attrs: []AttrDef{real("scale")}, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
			out, lse, ok := heads(in[0])
			if !ok || !in[1].Equal(out) || !in[2].Equal(lse) || !in[3].Equal(out) {
				return bad("expected f32[N,T,3,H,d], f32[N,T,H,d], f32[N,H,T] and f32[N,T,H,d], found ", in[0].String(), ", ", in[1].String(), ", ", in[2].String(), " and ", in[3].String())
			}
			return one(in[0])
		}},
}

// heads is the shapes that attention gives for packed queries, keys and values.
func heads(x shape.Shape) (out, lse shape.Shape, ok bool) {
	d := x.Dims
	if x.DType != dtype.F32 || len(d) != 5 || d[2] != 3 {
		return out, lse, false
	}
	return shape.F32(d[0], d[1], d[3], d[4]), shape.F32(d[0], d[3], d[1]), true
}
