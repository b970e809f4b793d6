package sdk

// ConvolutionTransposed has weights name.weight [in,out,k,k], as
// torch.nn.ConvTranspose2d: f32[B,h,w,in] to f32[B,H,W,out] with H = (h-1)*stride - 2*pad + k.
func ConvolutionTransposed(name string, out, k, stride, pad int, init Init) Layer {
	return func(scope string, x Value) Value {
		w := x.Builder().Param(join(scope, name)+".weight", init, []int{x.Dim(-1), out, k, k})
		grown := func(n int) int { return (n-1)*stride - 2*pad + k }
		return x.ConvTranspose(w, Square(stride, pad), grown(x.Dim(1)), grown(x.Dim(2)))
	}
}

// UpConvolutions paints pictures of a feature map, f32[B,h,w,D] to f32[B,2^n*h,2^n*w,out]:
// n transposed convolutions of 4x4 and stride 2, BatchNorm and ReLU between them
// (Radford et al. 2016). The layer before the last has width channels, each one before
// it twice as many, up to eight times. Parameters are named as torch.nn.Sequential's.
func UpConvolutions(name string, n, width, out int) Layer {
	var layers []Layer
	for i := range n - 1 {
		layers = append(layers,
			ConvolutionTransposed(Entry(name, 3*i), width<<min(n-2-i, 3), 4, 2, 1, Normal(0, 0.02)),
			BatchNorm(Entry(name, 3*i+1), true, true), Relu)
	}
	return Chain(append(layers, ConvolutionTransposed(Entry(name, 3*(n-1)), out, 4, 2, 1, Normal(0, 0.02)))...)
}

// Doublings is how often a side is doubled to become another; 0 where it does not.
func Doublings(from, to int) (n int) {
	for ; from < to; from *= 2 {
		n++
	}
	if from != to {
		return 0
	}
	return n
}

// LeakyRelu is x, or slope*x where that is more (Maas et al. 2013).
func LeakyRelu(slope float64) Layer {
	return func(_ string, x Value) Value { return x.Max(x.Scale(slope)) }
}
