package view

import (
	"fmt"
	"sync/atomic"
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
//
// It goes through the batch by ranges, so that decoded images take at most
// [MaxDecoded] bytes and an image for each worker.
func (p *Program) Fill(workers *pool.Pool, indices []int, key rng.Key) ([]Replacement, error) {
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
	return p.ranges(workers, indices, key, func(b *batch) error {
		began := time.Now()
		defer func() { p.Timing.Views += time.Since(began) }()
		for {
			workers.Run(b.to-b.from, (*viewTask)(b))
			if err := b.first(); err != nil {
				return err
			}
			if asked, err := b.paint(); err != nil || !asked {
				return err
			}
		}
	})
}

// Crop asks for the crops of a batch as Fill does, and does no more:
// [Program.Cropped] says what they are.
func (p *Program) Crop(workers *pool.Pool, indices []int, key rng.Key) error {
	_, err := p.ranges(workers, indices, key, func(*batch) error { return nil })
	return err
}

// ranges decodes a batch and asks for its crops, a range of samples at a time, which
// use then has.
func (p *Program) ranges(workers *pool.Pool, indices []int, key rng.Key, use func(*batch) error) (skipped []Replacement, err error) {
	n := len(indices)
	if n != p.batch {
		return nil, fmt.Errorf("view: expected a batch of %d positions, found %d", p.batch, n)
	}
	b := &batch{p: p, indices: indices, key: key, images: make([]data.Image, n), rects: make([]Rect, n*len(p.sites)), bad: make([][]Replacement, n), errs: make([]error, n),
		asked: make([][][]uint8, n), answers: make([][][]uint8, n), finished: make([]bool, n)}
	p.Timing = Timing{Began: time.Now()}
	p.cropped, p.fellBack = grown(p.cropped, n*len(p.sites)), 0
	for b.to < n {
		b.from = b.to
		began := time.Now()
		b.decode(workers)
		decoded := time.Now()
		p.Timing.Decode += decoded.Sub(began)
		p.Timing.Decoded = max(p.Timing.Decoded, b.held.Load())
		if err := b.first(); err != nil {
			return nil, err
		}
		if len(p.sites) > 0 {
			if err := b.crop(); err != nil {
				return nil, err
			}
		}
		p.Timing.Crop += time.Since(decoded)
		if err := use(b); err != nil {
			return nil, err
		}
		b.release()
	}
	for _, bad := range b.bad {
		skipped = append(skipped, bad...)
	}
	return skipped, nil
}

// grown is list with n elements, whatever they hold.
func grown[T any](list []T, n int) []T {
	if cap(list) < n {
		return make([]T, n)
	}
	return list[:n]
}

// Timing is what one Fill took.
type Timing struct {
	Began  time.Time
	Decode time.Duration // of images, or their making
	Crop   time.Duration // of asking the crop strategy, all workers waiting
	Views  time.Duration // of the view program
	// Decoded is the most bytes of decoded images that were held at once.
	Decoded int64
}

// Add sums the times; Began becomes x's.
func (t *Timing) Add(x Timing) {
	t.Began = x.Began
	t.Decode, t.Crop, t.Views = t.Decode+x.Decode, t.Crop+x.Crop, t.Views+x.Views
	t.Decoded = max(t.Decoded, x.Decoded)
}

type batch struct {
	p        *Program
	indices  []int
	key      rng.Key
	from, to int          // the samples at work; those before are done
	held     atomic.Int64 // bytes of images
	left     atomic.Int64 // the first sample from from on that was not decoded
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
	for _, err := range b.errs[b.from:b.to] {
		if err != nil {
			return err
		}
	}
	return nil
}

type viewTask batch

// Chunk runs the program for one sample, unless it ran to its end before.
func (b *viewTask) Chunk(i, worker int) {
	i += b.from
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
