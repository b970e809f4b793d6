package beit

import (
	"math"

	"github.com/fwlab/fw/sdk"
)

// vae is the networks of the discrete VAE in BEiT's code (modeling_discrete_vae.py,
// after DALL-E's): each layer halves the sides on the way to logits over K codes, and
// doubles them on the way back. Parameters are named as there.
type vae struct{ codes, dim, hidden, layers int }

// declareEncoder declares what the encoder is made of.
func (n *vae) declareEncoder(p *sdk.Plugin) {
	p.Int(&n.hidden, "hidden", 64, "channels of the discrete VAE's convolutions", sdk.AtLeast(1))
	p.Int(&n.layers, "layers", 3, "halvings of its images on the way to tokens: 3 for one of 8 x 8 pixels", sdk.Between(1, 10))
}

// encoder is images f32[B,H,W,C] as logits over the codes, f32[B,h,w,K].
func (n *vae) encoder(name string) sdk.Layer {
	var chain []sdk.Layer
	for i := range n.layers {
		down := conv(sdk.Entry(sdk.Entry(name, 2*i), 0), n.hidden, 4, sdk.Square(2, 1))
		chain = append(chain, down, sdk.Relu, n.residual(sdk.Entry(name, 2*i+1)))
	}
	return sdk.Chain(append(chain, conv(sdk.Entry(name, 2*n.layers), n.codes, 1, sdk.Square(1, 0)))...)
}

// decoder is embedded codes f32[B,h,w,dim] as images f32[B,H,W,C].
func (n *vae) decoder(name string, channels int) sdk.Layer {
	var chain []sdk.Layer
	for i := range n.layers {
		up := convTranspose(sdk.Entry(sdk.Entry(name, 2*i), 0), n.hidden)
		chain = append(chain, up, sdk.Relu, n.residual(sdk.Entry(name, 2*i+1)))
	}
	return sdk.Chain(append(chain, conv(sdk.Entry(name, 2*n.layers), channels, 1, sdk.Square(1, 0)))...)
}

// embed gives each of tokens i32[...] its row of the codebook, f32[...,dim].
func (n *vae) embed(scope string, tokens sdk.Value) sdk.Value {
	return n.codebook(scope, tokens.Builder()).Take(0, tokens)
}

// mix is the mean of the codebook's rows with weights f32[...,K], f32[...,dim].
func (n *vae) mix(scope string, weights sdk.Value) sdk.Value {
	return weights.Dot(n.codebook(scope, weights.Builder()), nil, nil, []int{-1}, []int{0})
}

func (n *vae) codebook(scope string, b *sdk.Builder) sdk.Value {
	return b.Param(under(scope, "codebook.weight"), sdk.Normal(0, 1), []int{n.codes, n.dim})
}

// residual is x and what three convolutions make of it.
func (n *vae) residual(name string) sdk.Layer {
	net := name + ".net"
	change := sdk.Chain(conv(sdk.Entry(net, 0), n.hidden, 3, sdk.Square(1, 1)), sdk.Relu,
		conv(sdk.Entry(net, 2), n.hidden, 3, sdk.Square(1, 1)), sdk.Relu, conv(sdk.Entry(net, 4), n.hidden, 1, sdk.Square(1, 0)))
	return func(scope string, x sdk.Value) sdk.Value { return change(scope, x).Add(x) }
}

// conv is torch.nn.Conv2d with its default initialisation.
func conv(name string, out, k int, c sdk.Conv) sdk.Layer {
	return func(scope string, x sdk.Value) sdk.Value {
		in := x.Dim(3)
		w, bias := parameters(x.Builder(), scope, name, out, in*k*k, []int{out, in, k, k})
		return x.Conv(w, c).Add(bias)
	}
}

// convTranspose is torch.nn.ConvTranspose2d(4, stride=2, padding=1), which doubles the
// sides, with its default initialisation.
func convTranspose(name string, out int) sdk.Layer {
	const k = 4
	return func(scope string, x sdk.Value) sdk.Value {
		w, bias := parameters(x.Builder(), scope, name, out, out*k*k, []int{x.Dim(3), out, k, k})
		return x.ConvTranspose(w, sdk.Square(2, 1), 2*x.Dim(1), 2*x.Dim(2)).Add(bias)
	}
}

// parameters are weight and bias, uniform within 1/sqrt(fan).
func parameters(b *sdk.Builder, scope, name string, out, fan int, dims []int) (weight, bias sdk.Value) {
	bound := 1 / math.Sqrt(float64(fan))
	name = under(scope, name)
	return b.Param(name+".weight", sdk.UniformIn(-bound, bound), dims), b.Param(name+".bias", sdk.UniformIn(-bound, bound), []int{out})
}

func under(scope, name string) string {
	if scope == "" {
		return name
	}
	return scope + "." + name
}
