package data

import (
	"image"
	"image/color"
)

// rgb is the pixels of img without alpha, 16 bits cut to the upper 8. The cases
// that JPEG and PNG decoders return give the bytes of the last, which is any image.
func rgb(img image.Image) Image {
	r := img.Bounds()
	out := Image{make([]uint8, r.Dx()*r.Dy()*3), r.Dy(), r.Dx(), 3}
	row := func(y int) []uint8 { return out.Pix[(y-r.Min.Y)*r.Dx()*3:][:r.Dx()*3] }
	switch m := img.(type) {
	case *image.YCbCr:
		shift := map[image.YCbCrSubsampleRatio]int{image.YCbCrSubsampleRatio422: 1, image.YCbCrSubsampleRatio420: 1, image.YCbCrSubsampleRatio411: 2, image.YCbCrSubsampleRatio410: 2}[m.SubsampleRatio]
		for y := r.Min.Y; y < r.Max.Y; y++ {
			to, luma := row(y), m.Y[m.YOffset(r.Min.X, y):]
			chroma := m.COffset(r.Min.X, y) - r.Min.X>>shift
			for i := range r.Dx() {
				c := chroma + (r.Min.X+i)>>shift
				to[3*i], to[3*i+1], to[3*i+2] = color.YCbCrToRGB(luma[i], m.Cb[c], m.Cr[c])
			}
		}
	case *image.Gray:
		for y := r.Min.Y; y < r.Max.Y; y++ {
			to := row(y)
			for i, v := range m.Pix[m.PixOffset(r.Min.X, y):][:r.Dx()] {
				to[3*i], to[3*i+1], to[3*i+2] = v, v, v
			}
		}
	case *image.NRGBA:
		for y := r.Min.Y; y < r.Max.Y; y++ {
			dropAlpha(row(y), m.Pix[m.PixOffset(r.Min.X, y):])
		}
	case *image.RGBA: // of a PNG or JPEG without alpha
		if !m.Opaque() {
			anyRGB(row, img)
			break
		}
		for y := r.Min.Y; y < r.Max.Y; y++ {
			dropAlpha(row(y), m.Pix[m.PixOffset(r.Min.X, y):])
		}
	default:
		anyRGB(row, img)
	}
	return out
}

func dropAlpha(to, from []uint8) {
	for i, j := 0, 0; i < len(to); i, j = i+3, j+4 {
		to[i], to[i+1], to[i+2] = from[j], from[j+1], from[j+2]
	}
}

func anyRGB(row func(y int) []uint8, img image.Image) {
	r := img.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		to := row(y)
		for x := r.Min.X; x < r.Max.X; x++ {
			c := img.At(x, y)
			if n, ok := c.(color.NRGBA); ok { // whose colour a conversion would round, or lose with alpha 0
				c = color.RGBA{n.R, n.G, n.B, 255}
			} else if n, ok := c.(color.NRGBA64); ok {
				c = color.RGBA64{n.R, n.G, n.B, 0xffff}
			}
			n := color.NRGBA64Model.Convert(c).(color.NRGBA64)
			to[0], to[1], to[2] = uint8(n.R>>8), uint8(n.G>>8), uint8(n.B>>8)
			to = to[3:]
		}
	}
}
