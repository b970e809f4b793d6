// Command starter crops even views from the left half of an image, odd ones from the
// right, so that the two of a pair share nothing.
package main

import "github.com/fwlab/fw/sdk"

type halves struct{ share float64 }

// CropView is the crop of a view, counted from 0: a square at a random place of its half.
func (h *halves) CropView(view int, k *sdk.Key, img sdk.Size, _ sdk.Box) sdk.Rect {
	width := max(1, img.W/2)
	side := max(1, int(h.share*float64(min(img.H, width))))
	r := sdk.Rect{Y: k.Intn(img.H - side + 1), X: k.Intn(width - side + 1), H: side, W: side}
	if view%2 == 1 {
		r.X += img.W - width
	}
	return r
}

func plugin() *sdk.Plugin {
	h := &halves{}
	p := sdk.CropViews("mine/starter", "0.1.0", h).Doc("even views from the left half, odd ones from the right")
	p.Float(&h.share, "share", 0.8, "side of the square as a share of its half's shorter side", sdk.Above(0), sdk.AtMost(1))
	return p
}

func main() { plugin().Serve() }
