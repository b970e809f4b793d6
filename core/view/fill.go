package view

import (
	"fmt"
	"time"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
)

// Replacement is an image that could not be read.
type Replacement struct {
	ID  string
	Err error
}

// Fill computes the outputs for the dataset positions of a batch, as many as
// [New] was told. Images that cannot be read are replaced by the next that can;
// they are returned. An error is of the first sample that has one.
func (p *Program) Fill(workers *pool.Pool, indices []int, key rng.Key) ([]Replacement, error) {
	began := time.Now()
	n := len(indices)
	if n != p.batch {
		return nil, fmt.Errorf("view: expected a batch of %d positions, found %d", p.batch, n)
	}
	for _, o := range p.Outputs {
		if o.Data == nil {
			o.Data = make([]byte, o.Shape.Bytes())
		}
	}
	b := &batch{p: p, indices: indices, key: key, images: make([]data.Image, n), bad: make([][]Replacement, n), errs: make([]error, n)}
	workers.Run(n, (*decodeTask)(b))
	p.Timing = Timing{Began: began, Decode: time.Since(began)}
	if err := b.first(); err != nil {
		return nil, err
	}
	var skipped []Replacement
	for i := range indices {
		skipped = append(skipped, b.bad[i]...)
	}
	if len(p.sites) > 0 {
		if err := b.crop(); err != nil {
			return nil, err
		}
	}
	p.Timing.Crop = time.Since(began) - p.Timing.Decode
	for len(p.states) < workers.Workers() {
		p.states = append(p.states, newSample(p))
	}
	workers.Run(n, (*viewTask)(b))
	p.Timing.Views = time.Since(began) - p.Timing.Decode - p.Timing.Crop
	return skipped, b.first()
}

// Timing is what one Fill took.
type Timing struct {
	Began  time.Time
	Decode time.Duration // of images, or their making
	Crop   time.Duration // of asking the crop strategy, all workers waiting
	Views  time.Duration // of the view program
}

// Add sums the times; Began becomes x's.
func (t *Timing) Add(x Timing) {
	t.Began = x.Began
	t.Decode, t.Crop, t.Views = t.Decode+x.Decode, t.Crop+x.Crop, t.Views+x.Views
}

type batch struct {
	p       *Program
	indices []int
	key     rng.Key
	images  []data.Image
	rects   []Rect // of each sample's sites
	bad     [][]Replacement
	errs    []error
}

// sampleKey depends on the dataset position, not on the place in the batch.
func (b *batch) sampleKey(i int) rng.Key { return b.key.Fold(uint64(b.indices[i])) }

func (b *batch) first() error {
	for _, err := range b.errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// crop asks for the whole batch's rectangles at once, and believes none of them.
func (b *batch) crop() error {
	p := b.p
	var sizes [][2]int
	var boxes []Box
	var keys []rng.Key
	for i := range b.indices {
		for _, s := range p.sites {
			sizes = append(sizes, [2]int{b.images[i].H, b.images[i].W})
			if p.Boxes != nil {
				boxes = append(boxes, p.Boxes[b.indices[i]])
			}
			keys = append(keys, b.sampleKey(i).Fold(uint64(1+p.f.Instrs[s].Attrs.Int("view", 0))))
		}
	}
	var err error
	if b.rects, err = p.crops(sizes, boxes, keys); err != nil {
		return err
	}
	if len(b.rects) != len(sizes) {
		return fmt.Errorf("view: crop: expected %d rectangles, found %d", len(sizes), len(b.rects))
	}
	p.cropped = p.cropped[:0]
	for i, r := range b.rects {
		h, w := sizes[i][0], sizes[i][1]
		if r.Y < 0 || r.X < 0 || r.H < 1 || r.W < 1 || r.H > h-r.Y || r.X > w-r.W {
			return fmt.Errorf("view: crop of %s: expected a rectangle of 1 pixel or more inside %d x %d (height x width), found %d x %d at row %d, column %d",
				p.ds.ID(b.indices[i/len(p.sites)]), h, w, r.H, r.W, r.Y, r.X)
		}
		y, x := 1/float32(h), 1/float32(w)
		p.cropped = append(p.cropped, Box{Y0: float32(r.Y) * y, X0: float32(r.X) * x, Y1: float32(r.Y+r.H) * y, X1: float32(r.X+r.W) * x})
	}
	return nil
}

// Cropped is what was cropped of sample i of the last Fill, in the order of the
// program's crops.
func (p *Program) Cropped(i int) []Box { return p.cropped[i*len(p.sites):][:len(p.sites)] }

type decodeTask batch

// maxReplaced bounds how far from a bad image a replacement is looked for.
const maxReplaced = 16

// Chunk decodes one image, or the next that can be read.
func (b *decodeTask) Chunk(i, _ int) {
	ds, at := b.p.ds, b.indices[i]
	for range min(maxReplaced, ds.Len()) {
		img, err := ds.Decode(at)
		if err == nil {
			err = whole(&img)
		}
		if err == nil {
			b.images[i] = img
			return
		}
		b.bad[i] = append(b.bad[i], Replacement{ds.ID(at), err})
		at = (at + 1) % ds.Len()
	}
	b.errs[i] = fmt.Errorf("view: %d images in a row cannot be read, the first: %s: %w", len(b.bad[i]), b.bad[i][0].ID, b.bad[i][0].Err)
}

// whole checks that a dataset gave as many pixels as it says.
func whole(m *data.Image) error {
	if m.H < 1 || m.W < 1 || m.C != 1 && m.C != 3 || len(m.Pix)/m.C/m.W != m.H || len(m.Pix)%(m.C*m.W) != 0 {
		return fmt.Errorf("expected pixels of H x W x 1 or 3, found %d bytes for %d x %d x %d", len(m.Pix), m.H, m.W, m.C)
	}
	return nil
}

type viewTask batch

// Chunk runs the program for one sample.
func (b *viewTask) Chunk(i, worker int) {
	s := b.p.states[worker]
	s.begin(b.images[i], (*batch)(b).sampleKey(i).Fold(0))
	if n := len(b.p.sites); n > 0 {
		s.rects = b.rects[i*n : (i+1)*n]
	}
	for _, o := range b.p.Outputs {
		for v, id := range o.parts {
			s.eval(id)
			s.store(id, o.Data[(v*len(b.indices)+i)*o.item:][:o.item])
		}
	}
	if s.err != nil {
		b.errs[i] = fmt.Errorf("%w (of %s)", s.err, b.p.ds.ID(b.indices[i]))
	}
}
