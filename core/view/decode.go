package view

import (
	"fmt"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/pool"
)

// MaxDecoded is the bytes of decoded images from which on no further one is begun.
const MaxDecoded = 64 << 20

// decode reads images from sample from on, and sets to behind those that are there.
// What was read behind a sample that was left out stays for the next range.
func (b *batch) decode(workers *pool.Pool) {
	n := len(b.indices)
	b.left.Store(int64(n))
	workers.Run(n-b.from, (*decodeTask)(b))
	b.to = int(b.left.Load())
}

// release forgets the images of the range.
func (b *batch) release() {
	for i := b.from; i < b.to; i++ {
		b.held.Add(-int64(len(b.images[i].Pix)))
		b.images[i] = data.Image{}
	}
}

type decodeTask batch

// maxReplaced bounds how far from a bad image a replacement is looked for.
const maxReplaced = 16

// Chunk decodes one image, or the next that can be read.
func (b *decodeTask) Chunk(i, _ int) {
	i += b.from
	if b.images[i].Pix != nil || b.errs[i] != nil {
		return
	}
	if i > b.from && b.held.Load() >= b.p.maxDecoded {
		for old := b.left.Load(); int64(i) < old && !b.left.CompareAndSwap(old, int64(i)); old = b.left.Load() {
		}
		return
	}
	ds, at := b.p.ds, b.indices[i]
	for range min(maxReplaced, ds.Len()) {
		img, err := ds.Decode(at)
		if err == nil {
			err = whole(&img)
		}
		if err == nil {
			b.images[i] = img
			b.held.Add(int64(len(img.Pix)))
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
