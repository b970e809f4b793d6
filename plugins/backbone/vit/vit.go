// Package vit is the vision transformer (Dosovitskiy et al. 2021) with timm's
// parameter names: pre-norm blocks, class token, exact GELU. Positions are learned,
// or fixed sines and cosines as in MAE (He et al. 2022).
package vit

import (
	"math"
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type vit struct {
	size, weights, positions, pool string
	patch, dim, depth, heads       int
	layerScale                     float64
}

// Plugin declares the network.
func Plugin() *sdk.Plugin {
	t := &vit{}
	p := sdk.Backbone("fw/vit", "1.1.0", t).
		Doc("ViT-Tiny, Small or Base (Dosovitskiy et al. 2021) with timm's parameter names")
	p.String(&t.size, "size", "small", "tiny (192 wide, 3 heads), small (384, 6) or base (768, 12), 12 blocks each", sdk.OneOf("tiny", "small", "base"))
	p.Int(&t.patch, "patch", 16, "pixels along a patch's side", sdk.AtLeast(1))
	p.Int(&t.dim, "dim", 0, "width, instead of the size's; a multiple of 64 gives heads of 64", sdk.AtLeast(0))
	p.Int(&t.depth, "depth", 12, "number of blocks", sdk.AtLeast(1))
	p.Int(&t.heads, "heads", 0, "attention heads, instead of the size's", sdk.AtLeast(0))
	p.String(&t.weights, "weights", "truncated", "first weights: truncated, normal of deviation 0.02 as timm's; xavier, uniform as MAE's; or rescaled, normal within a deviation of 0.02 and less in deeper blocks, as BEiT's", sdk.OneOf("truncated", "xavier", "rescaled"))
	p.String(&t.positions, "positions", "learned", "learned; fixed: sines and cosines of row and column, not trained; or relative: a bias of attention shared by all blocks, as BEiT's", sdk.OneOf("learned", "fixed", "relative"))
	p.Float(&t.layerScale, "layer_scale", 0, "what each branch of a block is times at the start, learned for each channel; 0: nothing, 0.1 in BEiT", sdk.AtLeast(0))
	p.String(&t.pool, "pool", "token", "features of an image: the class token, or the mean of the patches' tokens", sdk.OneOf("token", "mean"))
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
		n.Refuse("heads", "a width of "+strconv.Itoa(dim)+" does not divide into "+strconv.Itoa(heads)+" heads")
	}
	blocks := sdk.Transformer{Heads: heads, MLPRatio: 4, Weights: sdk.TruncatedNormal02, LayerScale: t.layerScale, Relative: t.positions == "relative"}
	switch t.weights {
	case "xavier":
		blocks.Weights = sdk.XavierUniform
	case "rescaled":
		blocks.Weights = func(_, _ int) sdk.Init { return rescaled(0.02) }
		blocks.Last = func(l, _, _ int) sdk.Init { return rescaled(0.02 / math.Sqrt(2*float64(l))) }
	}
	encode := blocks.Blocks("blocks", t.depth, "norm")
	switch stage {
	case "embed":
		return t.embed(n, x, dim)
	case "patch_embed":
		return t.patchEmbed(n, x, dim)
	case "pos_embed":
		side, leading := sdk.Grid(x)
		if leading > 0 {
			n.Fail("tokens " + x.Shape().String() + " are no square of patches")
		}
		return t.posEmbed(n, x, side, side)
	case "encode": // any number of tokens
		side := n.ImageSize / t.patch
		if t.positions == "relative" && x.Dim(1) != 1+side*side {
			n.Refuse("positions", "relative ones need the class token and all "+strconv.Itoa(side*side)+" patches, in their order; the task shows "+strconv.Itoa(x.Dim(1))+" tokens")
		}
		return encode.Apply(x)
	case "map": // tokens back on their grid, without the class token
		h, w := x.Dim(1)/t.patch, x.Dim(2)/t.patch
		return encode.Apply(t.embed(n, x, dim)).Slice(1, 1, 0).Reshape(-1, h, w, dim)
	case "attention": // of the class token to the patches, on their grid
		tokens := t.embed(n, x, dim)
		return blocks.ClassAttention("blocks", t.depth).Apply(tokens).Reshape(-1, x.Dim(1)/t.patch, x.Dim(2)/t.patch)
	case "pooled":
		tokens := encode.Apply(t.embed(n, x, dim))
		if t.pool == "mean" {
			return tokens.Slice(1, 1, 0).Mean(1)
		}
		return tokens.Slice(1, 0, 1).Reshape(-1, dim)
	}
	n.Fail("a ViT has the stages patch_embed, pos_embed, embed, encode, map, attention and pooled, not " + strconv.Quote(stage))
	return x
}

// embed makes tokens of patches: f32[B,H,W,C] to f32[B,1+N,D].
func (t *vit) embed(n *sdk.Net, x sdk.Value, dim int) sdk.Value {
	return t.posEmbed(n, t.patchEmbed(n, x, dim), x.Dim(1)/t.patch, x.Dim(2)/t.patch)
}

// patchEmbed projects each patch: f32[B,H,W,C] to f32[B,N,D].
func (t *vit) patchEmbed(n *sdk.Net, x sdk.Value, dim int) sdk.Value {
	h, w := x.Dim(1), x.Dim(2)
	if h%t.patch != 0 || w%t.patch != 0 {
		n.Refuse("patch", "images of "+strconv.Itoa(h)+" x "+strconv.Itoa(w)+" pixels do not divide into patches of "+strconv.Itoa(t.patch))
	}
	fan := t.patch * t.patch * x.Dim(3)
	bound := math.Sqrt(1 / float64(fan))
	kernel, bias := sdk.Truncated(bound, -2, 2), sdk.Constant(0)
	switch t.weights {
	case "xavier":
		kernel, bias = sdk.XavierUniform(fan, dim), sdk.UniformIn(-bound, bound)
	case "rescaled":
		kernel = rescaled(0.02)
	}
	weight := n.Param("patch_embed.proj.weight", kernel, []int{dim, x.Dim(3), t.patch, t.patch})
	tokens := x.Conv(weight, sdk.Square(t.patch, 0)).Add(n.Param("patch_embed.proj.bias", bias, []int{dim}))
	return tokens.Reshape(x.Dim(0), h/t.patch*(w/t.patch), dim)
}

// posEmbed puts the class token before the tokens of h x w patches and adds the
// positions: f32[B,N,D] to f32[B,1+N,D].
func (t *vit) posEmbed(n *sdk.Net, tokens sdk.Value, h, w int) sdk.Value {
	batch, dim := tokens.Dim(0), tokens.Dim(2)
	token := sdk.Normal(0, 1e-6)
	switch t.weights {
	case "xavier":
		token = sdk.Normal(0, 0.02)
	case "rescaled":
		token = rescaled(0.02)
	}
	cls := n.Param("cls_token", token, []int{1, 1, dim}).BroadcastTo(batch, 1, dim)
	tokens = n.Concat(1, cls, tokens)
	if t.positions == "relative" {
		return tokens
	}
	return tokens.Add(t.position(n, h, w, dim))
}

// rescaled is a normal within one deviation (modeling_pretrain.py of Bao et al. 2022).
func rescaled(deviation float64) sdk.Init { return sdk.Truncated(deviation, -deviation, deviation) }

// position is the embedding of h x w places and the class token before them,
// f32[1,1+h*w,D]. Parameters are those of images of the experiment's size; views of
// other sizes have them interpolated (Caron et al. 2021, DINO's code; bilinear here).
func (t *vit) position(n *sdk.Net, h, w, dim int) sdk.Value {
	side := n.ImageSize / t.patch
	if h*t.patch == n.ImageSize && w == h || side < 1 {
		return t.table(n, h, w, dim)
	}
	all := t.table(n, side, side, dim)
	places := all.Slice(1, 1, 0).Reshape(1, side, side, dim).ResizeBilinear(h, w)
	return n.Concat(1, all.Slice(1, 0, 1), places.Reshape(1, h*w, dim))
}

func (t *vit) table(n *sdk.Net, h, w, dim int) sdk.Value {
	dims := []int{1, 1 + h*w, dim}
	if t.positions == "learned" {
		return n.Param("pos_embed", sdk.Truncated(0.02, -2, 2), dims)
	}
	if h != w || dim%4 != 0 {
		n.Refuse("positions", "fixed ones need a square of patches and a width that is a multiple of 4, found "+strconv.Itoa(h)+" x "+strconv.Itoa(w)+" and "+strconv.Itoa(dim))
	}
	return n.Param("pos_embed", sdk.Table(sdk.SinCos2D(h, 1, dim)), dims, sdk.Frozen())
}
