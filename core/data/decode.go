package data

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"github.com/fwlab/fw/core/data/libjpeg"
)

// maxPixels bounds the pixels of an image, so that a header alone cannot ask for memory.
const maxPixels = 100 << 20

// Decode reads a JPEG or PNG as RGB, as PIL's convert("RGB") does: alpha is
// dropped, grey repeated, 16 bits cut to the upper 8. exif turns photographs
// upright, which torchvision's ImageFolder does not.
//
// What photographs usually are has PIL's very bytes. Other JPEG files, and faulty
// ones, are image/jpeg's to read and to judge: chroma of fewer samples is repeated
// there rather than interpolated.
func Decode(b []byte, exif bool) (Image, error) {
	if pix, h, w, err := libjpeg.Decode(b, maxPixels); err == nil {
		return upright(Image{pix, h, w, 3}, b, exif), nil
	}
	cfg, format, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return Image{}, fmt.Errorf("decode: %w", err)
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width*cfg.Height > maxPixels {
		return Image{}, fmt.Errorf("decode: %d x %d pixels; the limit is %d in all", cfg.Width, cfg.Height, maxPixels)
	}
	decode := png.Decode
	if format == "jpeg" {
		decode = jpeg.Decode
	}
	img, err := decode(bytes.NewReader(b))
	if err != nil {
		return Image{}, fmt.Errorf("decode: %w", err)
	}
	return upright(rgb(img), b, exif && format == "jpeg"), nil
}

func upright(m Image, file []byte, exif bool) Image {
	if exif {
		return m.upright(orientation(file))
	}
	return m
}
