package sdk

import "strconv"

// Patchify cuts f32[B,H,W,C] into squares of p pixels, row by row, each flat in the
// order row, column, channel: f32[B,(H/p)*(W/p),p*p*C].
func Patchify(x Value, p int) Value {
	b, h, w, c := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	if p < 1 || h%p != 0 || w%p != 0 {
		x.Builder().Fail("images " + x.Shape().String() + " do not divide into patches of " + strconv.Itoa(p) + " pixels")
	}
	return x.Reshape(b, h/p, p, w/p, p, c).Transpose(0, 1, 3, 2, 4, 5).Reshape(b, h/p*(w/p), p*p*c)
}

// Unpatchify undoes Patchify for images of h x w pixels.
func Unpatchify(x Value, p, h, w int) Value {
	b, c := x.Dim(0), x.Dim(2)/(p*p)
	return x.Reshape(b, h/p, w/p, p, p, c).Transpose(0, 1, 3, 2, 4, 5).Reshape(b, h, w, c)
}

// PixelShuffle is torch.nn.PixelShuffle: f32[B,h,w,C*r*r] to f32[B,h*r,w*r,C], a
// square of r pixels for each place, its channels in the order channel, row, column.
func PixelShuffle(x Value, r int) Value {
	b, h, w, c := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)/(r*r)
	return x.Reshape(b, h, w, c, r, r).Transpose(0, 1, 4, 2, 5, 3).Reshape(b, h*r, w*r, c)
}

// ShowPatches gives the pictures of what the encoder saw, where hidden f32[B,N] is 0,
// and of the patches f32[B,N,p*p*C] that were painted, alone and around what was seen.
func (s *Step) ShowPatches(images, painted, hidden Value, patch int) {
	h, w := images.Dim(1), images.Dim(2)
	hidden = hidden.ExpandDims(2)
	seen := Patchify(images, patch).Mul(hidden.Neg().AddConst(1))
	s.Picture("seen", Unpatchify(seen, patch, h, w))
	s.Picture("painted", Unpatchify(painted, patch, h, w))
	s.Picture("painted around seen", Unpatchify(seen.Add(painted.Mul(hidden)), patch, h, w))
}

// Grid is the places along the side of a square of patches that make tokens
// [B,L+n*n,D], and the number L of tokens before them.
func Grid(tokens Value) (n, leading int) {
	t := tokens.Dim(1)
	for (n+1)*(n+1) <= t {
		n++
	}
	return n, t - n*n
}

// Standardize is (x - mean) / sqrt(variance + epsilon) over axis, with the unbiased
// variance, and the two numbers that undo it: x = y*scale + offset.
func Standardize(x Value, axis int, epsilon float64) (y, scale, offset Value) {
	offset = x.MeanKeep(axis)
	centred := x.Sub(offset)
	scale = centred.Square().SumKeep(axis).Scale(1 / float64(max(1, x.Dim(axis)-1))).AddConst(epsilon).Sqrt()
	return centred.Div(scale), scale, offset
}
