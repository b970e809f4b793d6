// Package vit is the vision transformer (Dosovitskiy et al. 2021) with timm's
// parameter names: pre-norm blocks, class token, learned positions, exact GELU.
package vit

import (
	"math"
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type vit struct {
	size                     string
	patch, dim, depth, heads int
}

// Plugin declares the network.
func Plugin() *sdk.Plugin {
	t := &vit{}
	p := sdk.Backbone("fw/vit", "1.0.0", t).
		Doc("ViT-Tiny, Small or Base (Dosovitskiy et al. 2021) with timm's parameter names")
	p.String(&t.size, "size", "small", "tiny (192 wide, 3 heads), small (384, 6) or base (768, 12), 12 blocks each", sdk.OneOf("tiny", "small", "base"))
	p.Int(&t.patch, "patch", 16, "pixels along a patch's side", sdk.AtLeast(1))
	p.Int(&t.dim, "dim", 0, "width, instead of the size's; a multiple of 64 gives heads of 64", sdk.AtLeast(0))
	p.Int(&t.depth, "depth", 12, "number of blocks", sdk.AtLeast(1))
	p.Int(&t.heads, "heads", 0, "attention heads, instead of the size's", sdk.AtLeast(0))
	return p
}

var sizes = map[string][2]int{"tiny": {192, 3}, "small": {384, 6}, "base": {768, 12}}

func (t *vit) Stage(n *sdk.Net, stage string, x sdk.Value) sdk.Value {
	dim, heads := sizes[t.size][0], sizes[t.size][1]
	if t.dim > 0 {
		dim = t.dim
	}
	if t.heads > 0 {
		heads = t.heads
	}
	if dim%heads != 0 {
		n.Fail("dim " + strconv.Itoa(dim) + " is not a multiple of " + strconv.Itoa(heads) + " heads")
	}
	switch stage {
	case "embed":
		return t.embed(n, x, dim)
	case "encode":
		return t.encode(x, dim, heads)
	case "map": // tokens back on their grid, without the class token
		h, w := x.Dim(1)/t.patch, x.Dim(2)/t.patch
		return t.encode(t.embed(n, x, dim), dim, heads).Slice(1, 1, 0).Reshape(-1, h, w, dim)
	case "pooled": // the class token
		return t.encode(t.embed(n, x, dim), dim, heads).Slice(1, 0, 1).Reshape(-1, dim)
	}
	n.Fail("a ViT has the stages embed, encode, map and pooled, not " + strconv.Quote(stage))
	return x
}

// embed makes tokens of patches: f32[B,H,W,C] to f32[B,1+N,D].
func (t *vit) embed(n *sdk.Net, x sdk.Value, dim int) sdk.Value {
	if x.Dim(1)%t.patch != 0 || x.Dim(2)%t.patch != 0 {
		n.Fail("images of " + x.Shape().String() + " do not divide into patches of " + strconv.Itoa(t.patch))
	}
	batch, fan := x.Dim(0), t.patch*t.patch*x.Dim(3)
	w := n.Param("patch_embed.proj.weight", sdk.Truncated(math.Sqrt(1/float64(fan)), -2, 2), []int{dim, x.Dim(3), t.patch, t.patch})
	tokens := x.Conv(w, sdk.Square(t.patch, 0)).Add(n.Param("patch_embed.proj.bias", sdk.Constant(0), []int{dim}))
	count := tokens.Dim(1) * tokens.Dim(2)
	cls := n.Param("cls_token", sdk.Normal(0, 1e-6), []int{1, 1, dim}).BroadcastTo(batch, 1, dim)
	pos := n.Param("pos_embed", sdk.Truncated(0.02, -2, 2), []int{1, 1 + count, dim})
	return n.Concat(1, cls, tokens.Reshape(batch, count, dim)).Add(pos)
}

// encode runs the blocks and the last norm over any number of tokens.
func (t *vit) encode(x sdk.Value, dim, heads int) sdk.Value {
	init, zero := sdk.Truncated(0.02, -2, 2), sdk.Constant(0)
	for i := range t.depth {
		name := "blocks." + strconv.Itoa(i) + "."
		norm := sdk.LayerNorm(name+"norm1", 1e-6)("", x)
		qkv := sdk.LinearInit(name+"attn.qkv", 3*dim, true, init, zero)("", norm)
		x = x.Add(sdk.LinearInit(name+"attn.proj", dim, true, init, zero)("", attention(qkv, heads)))
		norm = sdk.LayerNorm(name+"norm2", 1e-6)("", x)
		hidden := sdk.LinearInit(name+"mlp.fc1", 4*dim, true, init, zero)("", norm).Gelu()
		x = x.Add(sdk.LinearInit(name+"mlp.fc2", dim, true, init, zero)("", hidden))
	}
	return sdk.LayerNorm("norm", 1e-6)("", x)
}

// attention is softmax(q k^T / sqrt(d)) v for f32[B,N,3D], q, k and v stacked in that order.
func attention(qkv sdk.Value, heads int) sdk.Value {
	b, n, d := qkv.Dim(0), qkv.Dim(1), qkv.Dim(2)/3/heads
	x := qkv.Reshape(b, n, 3, heads, d).Transpose(2, 0, 3, 1, 4) // [3,B,heads,N,d]
	part := func(i int) sdk.Value { return x.Slice(0, i, i+1).Reshape(b, heads, n, d) }
	a := part(0).Scale(1 / math.Sqrt(float64(d))).MatMul(part(1).T()).Softmax()
	return a.MatMul(part(2)).Transpose(0, 2, 1, 3).Reshape(b, n, heads*d)
}
