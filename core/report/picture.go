package report

import (
	"fmt"
	"image"
	"image/color"
)

// Picture makes an image of pixels in [0,255], HWC with one or three channels.
func Picture(pixels []uint8, height, width, channels int) (image.Image, error) {
	if err := checkPicture(len(pixels), height, width, channels); err != nil {
		return nil, err
	}
	return picture(height, width, channels, func(i, _ int) uint8 { return pixels[i] }), nil
}

// PictureF32 makes an image of normalised values, HWC with one or three
// channels: v*std+mean is in [0,1], and what is not is clamped. Nil mean and std
// stand for 0 and 1.
func PictureF32(values []float32, height, width, channels int, mean, std []float32) (image.Image, error) {
	if err := checkPicture(len(values), height, width, channels); err != nil {
		return nil, err
	}
	if mean != nil && len(mean) != channels || std != nil && len(std) != channels {
		return nil, fmt.Errorf("picture: %d channels, but %d means and %d deviations", channels, len(mean), len(std))
	}
	return picture(height, width, channels, func(i, c int) uint8 {
		v := values[i]
		if std != nil {
			v *= std[c]
		}
		if mean != nil {
			v += mean[c]
		}
		if !(v > 0) {
			return 0
		}
		return uint8(min(v, 1)*255 + 0.5)
	}), nil
}

func checkPicture(n, height, width, channels int) error {
	if height < 1 || width < 1 || channels != 1 && channels != 3 || n != height*width*channels {
		return fmt.Errorf("picture: expected height x width x 1 or 3 values, found %d for %d x %d x %d", n, height, width, channels)
	}
	return nil
}

func picture(height, width, channels int, at func(i, channel int) uint8) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for p := range height * width {
		i := p * channels
		c := color.RGBA{at(i, 0), at(i, 0), at(i, 0), 0xff}
		if channels == 3 {
			c.G, c.B = at(i+1, 1), at(i+2, 2)
		}
		img.SetRGBA(p%width, p/width, c)
	}
	return img
}
