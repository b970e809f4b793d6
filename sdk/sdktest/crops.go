package sdktest

import (
	"fmt"
	"slices"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/wire"
)

// sides are of images, in pixels: every height with every width.
var sides = []int{1, 2, 3, 7, 32, 57, 224, 640, 5000, 65_535}

// boxes are y0 x0 y1 x1: the whole image, corners, slivers and points.
var boxes = [][]float64{{0, 0, 1, 1}, {0, 0, 0.1, 0.1}, {0.9, 0.9, 1, 1}, {0.25, 0.5, 0.75, 0.6}, {0, 0.4, 1, 0.4}, {0.5, 0.5, 0.5, 0.5}, {1, 1, 1, 1}}

// sweep asks for crops of every size, of several views, with keys of a seed.
func sweep(id string, seed uint64, byBoxes bool) *wire.CropRequest {
	req, s := &wire.CropRequest{Plugin: id}, rng.New(seed).Stream()
	for i, h := range sides {
		for j, w := range sides {
			for view := range 4 {
				req.Height, req.Width = append(req.Height, uint32(h)), append(req.Width, uint32(w))
				req.Keys, req.Views = append(req.Keys, s.Uint32(), s.Uint32()), append(req.Views, uint32(view))
				if byBoxes {
					req.Boxes = append(req.Boxes, boxes[(i+j+view)%len(boxes)]...)
				}
			}
		}
	}
	return req
}

// rounds is how many sweeps there are without and with boxes.
const rounds = 10

// crops has every rectangle inside its image, and each a function of its own image,
// box, key and view alone: whatever else is asked with it, and in any order.
func (p *subject) crops() (string, error) {
	total := 0
	for round := range uint64(2 * rounds) {
		req := sweep(p.info.ID, 100+round, round%2 == 1)
		rects, err := p.rects(req)
		if err != nil {
			return "", err
		}
		for i, h := range req.Height {
			w, r := req.Width[i], rects[i]
			if r[2] < 1 || r[3] < 1 || uint64(r[0])+uint64(r[2]) > uint64(h) || uint64(r[1])+uint64(r[3]) > uint64(w) {
				return "", fmt.Errorf("of an image of %d x %d (height x width), view %d, key %d: expected a rectangle of 1 pixel or more inside, found %d x %d at row %d, column %d",
					h, w, req.Views[i], req.Keys[2*i:2*i+2], r[2], r[3], r[0], r[1])
			}
			total++
		}
		turned, err := p.rects(reversed(req))
		if err != nil {
			return "", err
		}
		slices.Reverse(turned)
		if i := firstDifference(rects, turned); i >= 0 {
			return "", fmt.Errorf("of an image of %d x %d, key %d: %v, and asked in another order %v; a crop must go by its own image, box, key and view alone", req.Height[i], req.Width[i], req.Keys[2*i:2*i+2], rects[i], turned[i])
		}
	}
	if none, err := p.rects(&wire.CropRequest{Plugin: p.info.ID}); err != nil || len(none) != 0 {
		return "", fmt.Errorf("asked for no crops: expected none, found %d, %w", len(none), err)
	}
	return fmt.Sprintf("%d rectangles of images from 1 x 1 to 65535 x 65535 lie inside, in any order", total), nil
}

func firstDifference(a, b [][]uint32) int {
	for i := range a {
		if !slices.Equal(a[i], b[i]) {
			return i
		}
	}
	return -1
}

func reversed(req *wire.CropRequest) *wire.CropRequest {
	out := &wire.CropRequest{Plugin: req.Plugin}
	for i := len(req.Height) - 1; i >= 0; i-- {
		out.Height, out.Width = append(out.Height, req.Height[i]), append(out.Width, req.Width[i])
		out.Keys, out.Views = append(out.Keys, req.Keys[2*i:2*i+2]...), append(out.Views, req.Views[i])
		if req.Boxes != nil {
			out.Boxes = append(out.Boxes, req.Boxes[4*i:4*i+4]...)
		}
	}
	return out
}

// rects is y, x, height and width of each crop.
func (p *subject) rects(req *wire.CropRequest) ([][]uint32, error) {
	b, err := p.call(abi.Crop, wire.Marshal(nil, req))
	if err != nil {
		return nil, err
	}
	var reply wire.CropReply
	if err := wire.Unmarshal(b, &reply); err != nil {
		return nil, err
	}
	if len(reply.Rects) != 4*len(req.Height) {
		return nil, fmt.Errorf("expected %d rectangles, found %d numbers", len(req.Height), len(reply.Rects))
	}
	return slices.Collect(slices.Chunk(reply.Rects, 4)), nil
}
