package view

import "fmt"

// crop asks for the rectangles of the range at once, and believes none of them.
func (b *batch) crop() error {
	p := b.p
	var req CropRequest
	for i := b.from; i < b.to; i++ {
		for _, s := range p.sites {
			view := p.f.Instrs[s].Attrs.Int("view", 0)
			req.Sizes = append(req.Sizes, [2]int{b.images[i].H, b.images[i].W})
			if p.Boxes != nil {
				req.Boxes = append(req.Boxes, p.Boxes[b.indices[i]])
			}
			req.Keys = append(req.Keys, b.sampleKey(i).Fold(uint64(1+view)))
			req.Views = append(req.Views, view)
		}
	}
	rects, err := p.calls.Crops(req)
	if err != nil {
		return err
	}
	if len(rects) != len(req.Sizes) {
		return fmt.Errorf("view: crop: expected %d rectangles, found %d", len(req.Sizes), len(rects))
	}
	first := b.from * len(p.sites)
	copy(b.rects[first:], rects)
	for i, r := range rects {
		h, w := req.Sizes[i][0], req.Sizes[i][1]
		if r.Y < 0 || r.X < 0 || r.H < 1 || r.W < 1 || r.H > h-r.Y || r.X > w-r.W {
			return fmt.Errorf("view: crop of %s: expected a rectangle of 1 pixel or more inside %d x %d (height x width), found %d x %d at row %d, column %d",
				p.ds.ID(b.indices[(first+i)/len(p.sites)]), h, w, r.H, r.W, r.Y, r.X)
		}
		if r.FellBack {
			p.fellBack++
		}
		y, x := 1/float32(h), 1/float32(w)
		p.cropped[first+i] = Box{Y0: float32(r.Y) * y, X0: float32(r.X) * x, Y1: float32(r.Y+r.H) * y, X1: float32(r.X+r.W) * x}
	}
	return nil
}

// Cropped is what was cropped of sample i of the last Fill or Crop, in the order of
// the program's crops.
func (p *Program) Cropped(i int) []Box { return p.cropped[i*len(p.sites):][:len(p.sites)] }

// FellBack is the share of the last batch's crops for which no draw fitted; false
// where the program crops nothing.
func (p *Program) FellBack() (float64, bool) {
	return float64(p.fellBack) / float64(max(1, len(p.cropped))), len(p.sites) > 0
}
