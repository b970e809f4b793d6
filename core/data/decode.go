package data

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"github.com/gen2brain/jpegn"
)

// maxPixels bounds the pixels of an image, so that a header alone cannot ask for memory.
const maxPixels = 100 << 20

// Decode reads a JPEG or PNG as RGB, as PIL's convert("RGB") does: alpha is
// dropped, grey repeated, 16 bits cut to the upper 8. exif turns photographs
// upright, which torchvision's ImageFolder does not.
func Decode(b []byte, exif bool) (Image, error) {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return Image{}, fmt.Errorf("decode: %w", err)
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width*cfg.Height > maxPixels {
		return Image{}, fmt.Errorf("decode: %d x %d pixels; the limit is %d in all", cfg.Width, cfg.Height, maxPixels)
	}
	var img image.Image
	if format == "jpeg" {
		img, err = decodeJPEG(b, cfg)
	} else {
		img, err = png.Decode(bytes.NewReader(b))
	}
	if err != nil {
		return Image{}, fmt.Errorf("decode: %w", err)
	}
	out := rgb(img)
	if exif && format == "jpeg" {
		out = out.upright(orientation(b))
	}
	return out, nil
}

// decodeJPEG takes the fast decoder where it is safe: it reads truncated files
// without complaint, and cannot do CMYK. What it leaves out at the end is flat, so
// a picture with a flat last block is for the strict one to judge; of a file that
// ends early with the marker of its end, only losses within that block remain unseen.
func decodeJPEG(b []byte, cfg image.Config) (img image.Image, err error) {
	if !bytes.Contains(b[max(0, len(b)-64):], []byte{0xff, 0xd9}) || cfg.ColorModel == color.CMYKModel {
		return jpeg.Decode(bytes.NewReader(b))
	}
	defer func() {
		if recover() != nil {
			img, err = jpeg.Decode(bytes.NewReader(b))
		}
	}()
	if img, err = jpegn.Decode(bytes.NewReader(b)); err != nil || endsFlat(img) {
		return jpeg.Decode(bytes.NewReader(b))
	}
	return img, nil
}

// endsFlat is whether the last 8 x 8 block of a picture's luma is of one level.
func endsFlat(img image.Image) bool {
	luma, stride, r := []uint8(nil), 0, img.Bounds()
	switch m := img.(type) {
	case *image.YCbCr:
		luma, stride = m.Y, m.YStride
	case *image.Gray:
		luma, stride = m.Pix, m.Stride
	default:
		return true
	}
	h, w := r.Dy(), r.Dx()
	last := luma[(h-1)*stride+w-1]
	for y := (h - 1) / 8 * 8; y < h; y++ {
		for x := (w - 1) / 8 * 8; x < w; x++ {
			if luma[y*stride+x] != last {
				return false
			}
		}
	}
	return true
}
