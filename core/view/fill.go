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
	b, skipped, err := p.prepare(workers, indices, key)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	for _, o := range p.Outputs {
		if o.Data == nil {
			o.Data = make([]byte, o.Shape.Bytes())
		}
	}
	for len(p.states) < workers.Workers() {
		p.states = append(p.states, newSample(p))
	}
	if p.Explain {
		p.explained = make([][]Explanation, len(indices))
	}
	for {
		workers.Run(len(indices), (*viewTask)(b))
		if err := b.first(); err != nil {
			return nil, err
		}
		if asked, err := b.paint(); err != nil || !asked {
			p.Timing.Views = time.Since(began)
			return skipped, err
		}
	}
}

// Crop asks for the crops of a batch as Fill does, and does no more:
// [Program.Cropped] says what they are.
func (p *Program) Crop(workers *pool.Pool, indices []int, key rng.Key) error {
	_, _, err := p.prepare(workers, indices, key)
	return err
}

// prepare decodes a batch and asks for its crops.
func (p *Program) prepare(workers *pool.Pool, indices []int, key rng.Key) (*batch, []Replacement, error) {
	began := time.Now()
	n := len(indices)
	if n != p.batch {
		return nil, nil, fmt.Errorf("view: expected a batch of %d positions, found %d", p.batch, n)
	}
	b := &batch{p: p, indices: indices, key: key, images: make([]data.Image, n), bad: make([][]Replacement, n), errs: make([]error, n),
		asked: make([][][]uint8, n), answers: make([][][]uint8, n), finished: make([]bool, n)}
	workers.Run(n, (*decodeTask)(b))
	p.Timing = Timing{Began: began, Decode: time.Since(began)}
	if err := b.first(); err != nil {
		return nil, nil, err
	}
	var skipped []Replacement
	for i := range indices {
		skipped = append(skipped, b.bad[i]...)
	}
	if len(p.sites) > 0 {
		if err := b.crop(); err != nil {
			return nil, nil, err
		}
	}
	p.Timing.Crop = time.Since(began) - p.Timing.Decode
	return b, skipped, nil
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
	p        *Program
	indices  []int
	key      rng.Key
	images   []data.Image
	rects    []Rect      // of each sample's sites
	asked    [][][]uint8 // of each sample's calls on pixels: what is asked, nil for nothing
	answers  [][][]uint8 // of the same: what was answered, nil for nothing yet
	finished []bool      // samples that were not kept waiting
	bad      [][]Replacement
	errs     []error
}

// sampleKey depends on the dataset position, not on the place in the batch.
func (b *batch) sampleKey(i int) rng.Key { return b.key.Fold(uint64(b.indices[i])) }

// batchKey is new for each batch of an epoch.
func (b *batch) batchKey() rng.Key { return b.key.FoldString("batch").Fold(uint64(b.indices[0])) }

func (b *batch) first() error {
	for _, err := range b.errs {
		if err != nil {
			return err
		}
	}
	return nil
}

type viewTask batch

// Chunk runs the program for one sample, unless it ran to its end before.
func (b *viewTask) Chunk(i, worker int) {
	if b.finished[i] {
		return
	}
	p, s, all := b.p, b.p.states[worker], (*batch)(b)
	s.begin(b.images[i], all.sampleKey(i).Fold(0), all.batchKey())
	if n := len(p.sites); n > 0 {
		s.rects = b.rects[i*n : (i+1)*n]
	}
	s.answers, b.asked[i] = b.answers[i], nil
	for _, o := range p.Outputs {
		for v, id := range o.parts {
			to := o.Data[(v*len(b.indices)+i)*o.item:][:o.item:o.item]
			s.lend(id, to)
			copy(to, s.eval(id).U8) // nothing, if it was computed there
		}
	}
	for _, pix := range s.asked {
		if pix != nil {
			b.asked[i] = append([][]uint8(nil), s.asked...)
			return
		}
	}
	b.finished[i] = true
	if s.err != nil {
		b.errs[i] = fmt.Errorf("%w (of %s)", s.err, p.ds.ID(b.indices[i]))
	}
	if p.Explain {
		p.explained[i] = s.explain()
	}
}
