package view

import "github.com/fwlab/fw/core/ir"

// A runner computes one instruction; v is its first result, index its position.
type runner func(s *sample, in *ir.Instr, index int, v *value)

// row is how a view program runs an op. check, where there is one, refuses what
// the op's shape rule lets through and run could not do, or prepares it.
type row struct {
	run   runner
	check func(p *Program, in *ir.Instr) error
}

// table is the ops of view programs alone, and those that are better done here
// than by [computed]; core/op says what each means.
var table = map[string]row{
	"call":       {run: called, check: checkCall},
	"constant":   {run: constant, check: keepConstant},
	"select":     {run: selected, check: checkSelect},
	"reshape":    {run: reshaped, check: checkComputed},
	"note":       {run: note},
	"image_rect": {run: imageRect},

	"draw_uniform":     {run: drawUniform, check: checkUniform},
	"draw_normal":      {run: drawNormal},
	"draw_beta":        {run: drawBeta, check: checkBeta},
	"draw_bernoulli":   {run: drawBernoulli, check: checkBernoulli},
	"draw_int":         {run: drawInt, check: checkCount},
	"draw_permutation": {run: drawPermutation, check: checkCount},
	"draw_block_mask":  {run: drawBlockMask, check: checkBlockMask},
	"draw_region_mask": {run: drawRegionMask, check: checkRegionMask},

	"image_crop_resize":     {run: cropResize},
	"image_window":          {run: window},
	"image_flip_horizontal": {run: flipHorizontal},
	"image_flip_vertical":   {run: flipVertical},
	"image_rotate90":        {run: rotate90},
	"image_rotate":          {run: rotate},
	"image_affine":          {run: affine},
	"image_brightness":      {run: copied(brightness)},
	"image_contrast":        {run: copied(contrast)},
	"image_saturation":      {run: copied(saturation)},
	"image_hue":             {run: copied(hue)},
	"image_sharpness":       {run: copied(sharpness)},
	"image_color_jitter":    {run: copied(colorJitter)},
	"image_grayscale":       {run: copied(grayscale)},
	"image_equalize":        {run: copied(equalize)},
	"image_autocontrast":    {run: copied(autocontrast)},
	"image_invert":          {run: copied(invert)},
	"image_solarize":        {run: copied(solarize)},
	"image_posterize":       {run: copied(posterize)},
	"image_gaussian_blur":   {run: copied(gaussianBlur)},

	"image_to_float":    {run: toFloat},
	"image_lab":         {run: lab},
	"image_normalize":   {run: normalize, check: checkNormalize},
	"image_standardize": {run: standardize, check: checkStandardize},
	"soft_quantize":     {run: softQuantize, check: checkQuantize},
}
