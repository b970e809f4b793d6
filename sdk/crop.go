package sdk

import (
	"errors"
	"math"

	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/wire"
)

// Key draws the random numbers of one crop: Uniform, Intn, Beta, Normal, Bool.
type Key = rng.Stream

// Size is an image's size in pixels.
type Size struct{ H, W int }

// Area is the number of pixels.
func (s Size) Area() float64 { return float64(s.H) * float64(s.W) }

// Box is where the object may be, relative to the image: 0 <= Y0 <= Y1 <= 1.
type Box struct {
	Y0, X0, Y1, X1 float64
	// Known is false while no box was found or given yet; then it is the whole image.
	Known bool
}

func (b Box) within() bool {
	return 0 <= b.Y0 && b.Y0 <= b.Y1 && b.Y1 <= 1 && 0 <= b.X0 && b.X0 <= b.X1 && b.X1 <= 1
}

// Rect is a rectangle in pixels.
type Rect struct {
	Y, X, H, W int
	// FellBack says that no draw fitted; the host counts it.
	FellBack bool
}

// CenterCrop is the largest centred rectangle whose aspect ratio W/H is within
// [minRatio, maxRatio]: torchvision's fall-back, and marked as one.
func (s Size) CenterCrop(minRatio, maxRatio float64) Rect {
	w, h := s.W, s.H
	switch ratio := float64(s.W) / float64(s.H); {
	case ratio < minRatio:
		h = max(1, int(math.RoundToEven(float64(w)/minRatio)))
	case ratio > maxRatio:
		w = max(1, int(math.RoundToEven(float64(h)*maxRatio)))
	}
	return Rect{(s.H - h) / 2, (s.W - w) / 2, h, w, true}
}

// Cropper chooses rectangles: a pure function of its arguments.
type Cropper interface {
	Crop(k *Key, img Size, box Box) Rect
}

// ViewCropper is a strategy whose crops differ from view to view: view counts the
// task's crops of an image from 0.
type ViewCropper interface {
	CropView(view int, k *Key, img Size, box Box) Rect
}

// Boxes says that a crop strategy goes by the box, so that the host finds one for
// each image: where the encoder looks.
func (p *Plugin) Boxes() *Plugin { p.info.Signature = wire.CropsByBox; return p }

// Crop declares a crop strategy.
func Crop(id, version string, c Cropper) *Plugin { return CropViews(id, version, anyView{c}) }

type anyView struct{ Cropper }

func (c anyView) CropView(_ int, k *Key, img Size, box Box) Rect { return c.Crop(k, img, box) }

// CropViews declares a crop strategy that goes by the view.
func CropViews(id, version string, c ViewCropper) *Plugin {
	p := newPlugin("crop", id, version, "crop")
	p.crop = func(req *wire.CropRequest) (*wire.CropReply, error) {
		n := len(req.Height)
		if len(req.Width) != n || len(req.Keys) != 2*n || len(req.Views) != 0 && len(req.Views) != n || len(req.Boxes) != 0 && len(req.Boxes) != 4*n {
			return nil, errors.New(id + ": heights, widths, keys, views and boxes disagree in number")
		}
		reply := &wire.CropReply{Rects: make([]uint32, 0, 4*n)}
		var key Key // one for all images: a variable for each would be garbage
		for i := range n {
			img := Size{int(req.Height[i]), int(req.Width[i])}
			box := Box{Y1: 1, X1: 1}
			if len(req.Boxes) > 0 {
				b := req.Boxes[4*i:]
				box = Box{b[0], b[1], b[2], b[3], true}
				if !box.within() {
					return nil, errors.New(id + ": a box is not within its image")
				}
			}
			key.Restart(rng.Key{req.Keys[2*i], req.Keys[2*i+1]})
			view := 0
			if len(req.Views) > 0 {
				view = int(req.Views[i])
			}
			r := c.CropView(view, &key, img, box)
			if r.H < 1 || r.W < 1 || r.Y < 0 || r.X < 0 || r.Y+r.H > img.H || r.X+r.W > img.W {
				return nil, errors.New(id + ": a rectangle is not inside its image")
			}
			reply.Rects = append(reply.Rects, uint32(r.Y), uint32(r.X), uint32(r.H), uint32(r.W))
			if r.FellBack {
				reply.FellBack = append(reply.FellBack, uint32(i))
			}
		}
		return reply, nil
	}
	return p
}
