package train

import (
	"context"
	"fmt"

	"github.com/fwlab/fw/core/eval"
	"github.com/fwlab/fw/core/localize"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/view"
)

// boxesName is what the boxes are called in a checkpoint: f32[samples,4], of each
// image of the training set its top, left, bottom and right edge.
const boxesName = "sample/boxes"

// initBoxes gives every image the initial box, and finds out whether boxes can be
// found when they will be wanted.
func (t *Trainer) initBoxes(ctx context.Context) error {
	l := t.Localization
	if l == nil {
		return nil
	}
	t.boxes = make([]view.Box, t.Data.Len())
	for i := range t.boxes {
		t.boxes[i] = l.Initial
	}
	if !l.Ever(t.epochs()) {
		return nil
	}
	_, err := t.Plugins.HeatMap(ctx, t.Facts, 1, EncoderScope(t.Flat), l.Heat)
	return err
}

func (t *Trainer) epochs() int { return t.Optim.Steps / t.StepsPerEpoch() }

// boxesIn is what the crop strategy is told in an epoch, counted from 0.
func (t *Trainer) boxesIn(epoch int) []view.Box {
	if t.Localization == nil || !t.Localization.Used(epoch) {
		return nil
	}
	return t.boxes
}

// Boxes is the box of each training image; nil without localisation.
func (t *Trainer) Boxes() []view.Box { return t.boxes }

// Relocalize finds all boxes anew if that is due after the epochs done, with the
// encoder as it is, on whole images without augmentation. The batches after it see
// the new boxes, those before it the old. It is nil where nothing was due.
func (t *Trainer) Relocalize(ctx context.Context) (*localize.Coverage, error) {
	per := t.StepsPerEpoch()
	if t.Localization == nil || t.Step%per != 0 || !t.Localization.Due(t.Step/per, t.epochs()) {
		return nil, nil
	}
	t.rewind() // as batches may be filled by the old boxes
	found, err := t.FindBoxes(ctx, t.State, t.Localization.Threshold)
	if err != nil {
		return nil, fmt.Errorf("train: boxes after epoch %d: %w", t.Step/per, err)
	}
	t.boxes = found[0].Boxes
	c := t.Cover(found[0])
	return &c, nil
}

// Found is the box of each training image; Empty counts those that get the whole
// image because there is nothing to see.
type Found struct {
	Boxes []view.Box
	Empty int
}

// Cover measures what was found.
func (t *Trainer) Cover(f Found) localize.Coverage {
	return localize.Cover(f.Boxes, t.Facts.ImageSize, f.Empty)
}

const (
	heatBatch = 250            // images that go through the encoder at once
	heatChunk = 40 * heatBatch // images whose heat maps are kept at once
)

// FindBoxes looks at every training image with the encoder of a state, and finds its
// box by each of several thresholds. It needs Localization.
func (t *Trainer) FindBoxes(ctx context.Context, s *State, thresholds ...float32) ([]Found, error) {
	n := t.Data.Len()
	look, err := t.looker(ctx, s, min(heatBatch, n))
	if err != nil {
		return nil, err
	}
	tasks := make([]*boxTask, len(thresholds))
	for i, threshold := range thresholds {
		tasks[i] = &boxTask{h: look.h, w: look.w, size: t.Facts.ImageSize, threshold: threshold, boxes: make([]view.Box, n), found: make([]bool, n)}
		for j := range n {
			tasks[i].boxes[j] = localize.Whole
		}
	}
	at := make([]int, n)
	for i := range at {
		at[i] = i
	}
	for from := 0; from < n; from += heatChunk {
		maps, err := look.maps(at[from:min(from+heatChunk, n)])
		if err != nil {
			return nil, err
		}
		t.Skipped = append(t.Skipped, maps.Skipped...)
		for _, b := range tasks {
			b.maps = maps
			t.Pool.Run(maps.N, b)
		}
	}
	list := make([]Found, len(tasks))
	for i, b := range tasks {
		list[i].Boxes = b.boxes
		for _, ok := range b.found {
			if !ok {
				list[i].Empty++
			}
		}
	}
	return list, nil
}

// boxTask finds the box of one image of many.
type boxTask struct {
	maps      *eval.Features
	h, w      int // of a map
	size      int // of the image
	threshold float32
	boxes     []view.Box
	found     []bool
}

// Chunk looks at row r.
func (b *boxTask) Chunk(r, _ int) {
	i := b.maps.Index[r]
	b.boxes[i], b.found[i] = localize.Find(b.maps.Row(r), b.h, b.w, b.size, b.size, b.threshold)
}

func boxesTensor(boxes []view.Box) tensor.Tensor {
	t := tensor.New(shape.F32(len(boxes), 4))
	for i, b := range boxes {
		copy(t.F32()[4*i:], []float32{b.Y0, b.X0, b.Y1, b.X1})
	}
	return t
}

// boxesOf reads a checkpoint's boxes, which may be anything.
func boxesOf(t tensor.Tensor, n int) ([]view.Box, error) {
	if want := shape.F32(n, 4); !t.Shape.Equal(want) {
		return nil, fmt.Errorf("train: state: %s: expected %s, the checkpoint has %s", boxesName, want, found(t))
	}
	boxes, v := make([]view.Box, n), t.F32()
	for i := range boxes {
		b := view.Box{Y0: v[4*i], X0: v[4*i+1], Y1: v[4*i+2], X1: v[4*i+3]}
		if !(0 <= b.Y0 && b.Y0 <= b.Y1 && b.Y1 <= 1 && 0 <= b.X0 && b.X0 <= b.X1 && b.X1 <= 1) {
			return nil, fmt.Errorf("train: state: %s: image %d: expected edges from 0 to 1, the checkpoint has %v", boxesName, i, v[4*i:4*i+4])
		}
		boxes[i] = b
	}
	return boxes, nil
}

func found(t tensor.Tensor) string {
	if t.Data == nil {
		return "none"
	}
	return t.Shape.String()
}
