package view

import (
	"fmt"

	"github.com/fwlab/fw/core/data"
)

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
