package core

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/fwlab/fw/core/checkpoint"
	"github.com/fwlab/fw/core/localize"
	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/view"
)

// Localization holds the boxes that a checkpoint's encoder would give, by each
// threshold, and the crops by them against the objects of training images, drawn so
// often; without thresholds by the experiment's own.
func (s *Session) Localization(ctx context.Context, c *checkpoint.Checkpoint, thresholds []float64, draws int) ([]report.Localization, error) {
	t := s.Trainer
	own, ok := s.Experiment.Localization()
	if !ok {
		return nil, errors.New("eval: boxes: the crop strategy goes by no boxes; expected one that does, such as the run of an experiment with [localization]")
	}
	if len(thresholds) == 0 {
		thresholds = []float64{own.Threshold}
	}
	if err := s.Load(c); err != nil {
		return nil, fmt.Errorf("eval: %w", err)
	}
	objects := make([]*view.Box, s.Set.Train.Len())
	for i := range objects {
		objects[i] = s.object(i)
	}
	if !slices.ContainsFunc(objects, func(b *view.Box) bool { return b != nil }) {
		return nil, fmt.Errorf("eval: %s: boxes needs training images whose objects' boxes are known, as those of shapes and Tiny-ImageNet; %s has none", s.Experiment.Where("data.dataset"), s.Set.Name)
	}
	l := located{Session: s, objects: objects, epoch: c.Meta.Epoch, draws: draws}
	fresh, err := t.Fresh()
	if err != nil {
		return nil, err
	}
	var narrow []float32
	for _, k := range thresholds {
		narrow = append(narrow, float32(k))
	}
	trained, err := t.FindBoxes(ctx, t.State, narrow...)
	if err != nil {
		return nil, err
	}
	untrained, err := t.FindBoxes(ctx, fresh, narrow...)
	if err != nil {
		return nil, err
	}
	var list []report.Localization
	for i, k := range thresholds {
		r, err := l.measure(trained[i], untrained[i])
		if err != nil {
			return nil, err
		}
		r.Epoch, r.Choice, r.Heat, r.Threshold = c.Meta.Epoch, report.Last, own.Heat, k
		if c.Meta.Step != s.Steps() {
			r.Choice = report.Epoch
		}
		list = append(list, r)
	}
	return list, nil
}

// located is a session with what is known of its training images' objects.
type located struct {
	*Session
	objects []*view.Box // nil where it is not known
	epoch   int         // from which on crops are drawn
	draws   int         // epochs of them
}

func (l *located) measure(trained, untrained train.Found) (r report.Localization, err error) {
	for _, o := range l.objects {
		if o != nil {
			r.Images++
			r.ObjectArea += area(*o)
		}
	}
	r.ObjectArea /= float64(r.Images)
	seen := l.score(report.Trained, trained)
	side := float32(math.Sqrt(seen.Area))
	r.Boxes = []report.BoxScore{
		seen,
		l.score(report.Untrained, untrained),
		l.score(report.WholeImage, train.Found{Boxes: l.everywhere(localize.Whole)}),
		l.score(report.CentreBox, train.Found{Boxes: l.everywhere(view.Box{Y0: (1 - side) / 2, X0: (1 - side) / 2, Y1: (1 + side) / 2, X1: (1 + side) / 2})}),
	}
	own := l.everywhere(localize.Whole)
	for i, o := range l.objects {
		if o != nil {
			own[i] = *o
		}
	}
	for _, by := range []struct {
		name  string
		boxes []view.Box
	}{{report.NoBox, nil}, {report.WholeImage, l.everywhere(localize.Whole)}, {report.MiddleHalf, l.everywhere(middleHalf)}, {report.Trained, trained.Boxes}, {report.ObjectBox, own}} {
		c := CropStats{Name: by.name}
		for epoch := l.epoch; epoch < l.epoch+l.draws; epoch++ {
			err := l.addCrops(&c, epoch, len(l.objects),
				func(at []int) ([][]view.Box, error) { return l.Trainer.CropsBy(by.boxes, epoch, at) },
				func(i int) *view.Box { return l.objects[i] })
			if err != nil {
				return r, err
			}
		}
		r.Crops = append(r.Crops, report.CropScore{Boxes: by.name, Pairs: len(c.IoU), IoU: average(c.IoU), Apart: average(c.Apart), Centres: share(c.Within, c.Located), Overlap: share(c.Onto, c.Located)})
	}
	return r, nil
}

// middleHalf is where SimCCrop has the crops' centres (Peng et al. 2022).
var middleHalf = view.Box{Y0: 0.25, X0: 0.25, Y1: 0.75, X1: 0.75}

// everywhere gives every image the same box.
func (l *located) everywhere(b view.Box) []view.Box {
	return slices.Repeat([]view.Box{b}, len(l.objects))
}

// score holds boxes against those of the objects that are known.
func (l *located) score(subject string, f train.Found) report.BoxScore {
	c := l.Trainer.Cover(f)
	b := report.BoxScore{Subject: subject, Area: c.Area, Whole: c.Whole, Empty: c.Empty}
	n, right := 0, 0
	for i, o := range l.objects {
		if o == nil {
			continue
		}
		n++
		v := iou(f.Boxes[i], *o)
		b.IoU += v
		if v >= 0.5 {
			right++
		}
	}
	b.IoU, b.CorLoc = b.IoU/float64(n), share(right, n)
	return b
}
