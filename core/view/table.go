package view

import "github.com/fwlab/fw/core/ir"

// A runner computes one instruction's result into v; index is the instruction's position.
type runner func(s *sample, in *ir.Instr, index int, v *value)

// row is how a view program runs an op. check, where there is one, refuses what
// the op's shape rule lets through and run could not do.
type row struct {
	run   runner
	check func(p *Program, in *ir.Instr) error
}

// table is every op of a view program; core/op says what each means.
var table = map[string]row{
	"call":       {run: cropped, check: checkCall},
	"constant":   {run: constant, check: checkConstant},
	"select":     {run: selected, check: checkSelect},
	"image_rect": {run: imageRect},

	"draw_uniform":     {run: drawUniform, check: checkUniform},
	"draw_normal":      {run: drawNormal},
	"draw_beta":        {run: drawBeta, check: checkBeta},
	"draw_bernoulli":   {run: drawBernoulli, check: checkBernoulli},
	"draw_int":         {run: drawInt, check: checkCount},
	"draw_permutation": {run: drawPermutation, check: checkCount},

	"image_crop_resize":     {run: cropResize},
	"image_flip_horizontal": {run: flipHorizontal},
	"image_flip_vertical":   {run: flipVertical},
	"image_rotate90":        {run: rotate90},
	"image_brightness":      {run: copied(brightness)},
	"image_contrast":        {run: copied(contrast)},
	"image_saturation":      {run: copied(saturation)},
	"image_hue":             {run: copied(hue)},
	"image_color_jitter":    {run: copied(colorJitter)},
	"image_grayscale":       {run: copied(grayscale)},
	"image_equalize":        {run: copied(equalize)},
	"image_solarize":        {run: copied(solarize)},
	"image_posterize":       {run: copied(posterize), check: checkBits},
	"image_gaussian_blur":   {run: copied(gaussianBlur)},

	"image_to_float":  {run: toFloat},
	"image_normalize": {run: normalize, check: checkNormalize},
}
