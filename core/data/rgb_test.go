package data

import (
	"bytes"
	"image"
	"image/color"
	"image/color/palette"
	imagedraw "image/draw"
	"math/rand"
	"testing"
)

// Each case of rgb gives the bytes of the slow one, on pictures that are parts of others too.
func TestRGBIsAnyRGB(t *testing.T) {
	full, part := image.Rect(0, 0, 37, 23), image.Rect(3, 5, 30, 20)
	random := rand.New(rand.NewSource(1))
	fill := func(b ...[]uint8) {
		for _, b := range b {
			random.Read(b)
		}
	}
	pictures := map[string]imagedraw.Image{}
	gray, nrgba, rgba, gray16, nrgba64 := image.NewGray(full), image.NewNRGBA(full), image.NewRGBA(full), image.NewGray16(full), image.NewNRGBA64(full)
	fill(gray.Pix, nrgba.Pix, rgba.Pix, gray16.Pix, nrgba64.Pix)
	opaque := image.NewRGBA(full)
	imagedraw.Draw(opaque, full, rgba, image.Point{}, imagedraw.Src)
	for i := 3; i < len(opaque.Pix); i += 4 {
		opaque.Pix[i] = 255
	}
	pal := image.NewPaletted(full, palette.WebSafe)
	imagedraw.Draw(pal, full, nrgba, image.Point{}, imagedraw.Src)
	pictures["gray"], pictures["nrgba"], pictures["rgba"], pictures["opaque"], pictures["gray16"], pictures["nrgba64"], pictures["paletted"] = gray, nrgba, rgba, opaque, gray16, nrgba64, pal
	check := func(name string, m image.Image) {
		r := m.Bounds()
		want := make([]uint8, r.Dx()*r.Dy()*3)
		anyRGB(func(y int) []uint8 { return want[(y-r.Min.Y)*r.Dx()*3:] }, m)
		if got := rgb(m); !bytes.Equal(got.Pix, want) || got.H != r.Dy() || got.W != r.Dx() {
			t.Errorf("%s: other bytes", name)
		}
	}
	type cropper interface {
		SubImage(image.Rectangle) image.Image
	}
	for name, m := range pictures {
		check(name, m)
		check(name+" in part", m.(cropper).SubImage(part))
	}
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410} {
		m := image.NewYCbCr(full, ratio)
		fill(m.Y, m.Cb, m.Cr)
		check(ratio.String(), m)
		check(ratio.String()+" in part", m.SubImage(part))
	}
	for i := range 1 << 18 { // the two ways of the library to a colour
		c := color.YCbCr{Y: uint8(i), Cb: uint8(i >> 5), Cr: uint8(i >> 10)}
		r, g, b := color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
		if x := color.NRGBA64Model.Convert(c).(color.NRGBA64); uint8(x.R>>8) != r || uint8(x.G>>8) != g || uint8(x.B>>8) != b {
			t.Fatalf("%+v", c)
		}
	}
}

// As PIL's convert("RGB"): what is transparent keeps its colour.
func TestAlphaIsDropped(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	m.SetNRGBA(0, 0, color.NRGBA{10, 20, 30, 0})
	deep := image.NewNRGBA64(m.Rect)
	deep.SetNRGBA64(0, 0, color.NRGBA64{0x0a80, 0x1480, 0x1e80, 1})
	for _, img := range []image.Image{m, deep} {
		if got, err := Decode(pngOf(t, img), false); err != nil || !bytes.Equal(got.Pix, []byte{10, 20, 30}) {
			t.Errorf("%v, %v", got.Pix, err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	img := image.NewYCbCr(image.Rect(0, 0, 640, 480), image.YCbCrSubsampleRatio420)
	rand.New(rand.NewSource(1)).Read(img.Y[:1000])
	photo := jpegOf(b, img)
	for b.Loop() {
		if _, err := Decode(photo, false); err != nil {
			b.Fatal(err)
		}
	}
}
