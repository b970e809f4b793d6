package core

import (
	"fmt"
	"image"
	"math"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/eval"
	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/view"
)

// Views is, for each of the first n images of an epoch, the original as probes
// see it, then the views that the plugins make of it, and then what the pretext
// task shows of them, with the parameters as they are.
func (s *Session) Views(epoch, n int) (report.Sheet, error) {
	t := s.Trainer
	n = max(1, min(n, t.Facts.Batch))
	indices := data.Order(t.Key(), epoch, s.Set.Train.Len())[:t.Facts.Batch]
	plain, err := s.plain(s.Set.Train, indices)
	if err != nil {
		return report.Sheet{}, err
	}
	views, err := t.Views(epoch, indices)
	if err != nil {
		return report.Sheet{}, err
	}
	sheet := report.Sheet{
		Title:   "Views of " + s.Set.Name,
		Caption: fmt.Sprintf("Each row begins with a training image. To its right is what the plugins made of it in epoch %d.", epoch),
		Columns: []string{"original"}, Rows: make([]report.Row, n),
	}
	for i := range sheet.Rows {
		img, err := s.picture(plain, i)
		if err != nil {
			return report.Sheet{}, err
		}
		sheet.Rows[i].Cells = []report.Cell{{Image: img, Label: s.class(s.Set.Train, indices[i]), Frame: report.Plain, Boxes: s.rectangles(views, i, indices[i])}}
	}
	sheet.Legend = rectangleLegend(sheet.Rows[0].Cells[0].Boxes)
	shown, err := t.Pictures(views, indices, epoch*t.StepsPerEpoch())
	if err != nil {
		return report.Sheet{}, err
	}
	if len(shown) > 0 {
		sheet.Caption += " After the views comes what the pretext task shows of them."
	}
	view := 0
	for _, o := range views.Outputs {
		if !isPictures(o) {
			continue
		}
		err := s.columns(&sheet, o, len(indices), func(int) string { view++; return fmt.Sprintf("view %d", view) })
		if err != nil {
			return report.Sheet{}, err
		}
	}
	for _, o := range shown {
		err := s.columns(&sheet, o, len(indices), func(v int) string {
			if o.Shape.Dims[0] == len(indices) {
				return o.Name
			}
			return fmt.Sprintf("%s %d", o.Name, v+1)
		})
		if err != nil {
			return report.Sheet{}, err
		}
	}
	return sheet, nil
}

// isPictures is whether an output of a view program is one: f32[V*B,H,W,1 or 3].
func isPictures(o *view.Output) bool {
	d := o.Shape.Dims
	return len(d) == 4 && o.Shape.DType.Float() && (d[3] == 1 || d[3] == 3)
}

// columns adds a column for each of the pictures that o has of an image; o has them
// of so many images, of which the sheet shows the first.
func (s *Session) columns(sheet *report.Sheet, o *view.Output, images int, title func(v int) string) error {
	for v := range o.Shape.Dims[0] / images {
		sheet.Columns = append(sheet.Columns, title(v))
		for i := range sheet.Rows {
			img, err := s.picture(o, v*images+i)
			if err != nil {
				return err
			}
			sheet.Rows[i].Cells = append(sheet.Rows[i].Cells, report.Cell{Image: img})
		}
	}
	return nil
}

// given is the colour of the box that the crop strategy was told of; crops have
// those after it.
const given = 0

// rectangles are what was cropped of the sample-th image of views, which is at a
// position of the training set, after the box that the crop strategy was told of.
func (s *Session) rectangles(views *view.Program, sample, position int) (list []report.Box) {
	side := float64(s.size)
	add := func(b view.Box, color int) {
		x, y := side*float64(b.X0), side*float64(b.Y0)
		list = append(list, report.Box{X: x, Y: y, W: side*float64(b.X1) - x, H: side*float64(b.Y1) - y, Color: color, Dashed: color == given})
	}
	if views.Boxes != nil {
		add(views.Boxes[position], given)
	}
	for i, c := range views.Cropped(sample) {
		add(c, given+1+i)
	}
	return list
}

// rectangleLegend says which rectangle is which.
func rectangleLegend(list []report.Box) (keys []report.Key) {
	for _, b := range list {
		k := report.Key{Text: fmt.Sprintf("crop %d", b.Color-given), Color: b.Color, Dashed: b.Dashed}
		if b.Color == given {
			k.Text = "the box that crops go by"
		}
		keys = append(keys, k)
	}
	return keys
}

// plain is images of a split as probes see them.
func (s *Session) plain(ds data.Dataset, indices []int) (*view.Output, error) {
	p, err := eval.Plain(ds, s.size, s.Set.Channels, len(indices), s.Set.Mean, s.Set.Std)
	if err != nil {
		return nil, err
	}
	_, err = p.Fill(s.Trainer.Pool, indices, rng.New(0))
	return p.Outputs[0], err
}

// picture undoes the normalisation of one image of an output.
func (s *Session) picture(o *view.Output, i int) (image.Image, error) {
	h, w, c := o.Shape.Dims[1], o.Shape.Dims[2], o.Shape.Dims[3]
	values := make([]float32, h*w*c)
	for j := range values {
		values[j] = o.F32(i*len(values) + j)
	}
	return report.PictureF32(values, h, w, c, each(s.Set.Mean, c), each(s.Set.Std, c))
}

// each gives every channel its number; nil stays nil.
func each(v []float64, channels int) []float32 {
	if len(v) == 0 {
		return nil
	}
	out := make([]float32, channels)
	for i := range out {
		out[i] = float32(v[i%len(v)])
	}
	return out
}

// class is the name of an image's class, "" if it has none.
func (s *Session) class(ds data.Dataset, i int) string {
	l, ok := ds.Label(i)
	switch {
	case !ok || l < 0:
		return ""
	case l < len(s.Set.Classes):
		return s.Set.Classes[l]
	}
	return fmt.Sprint(l)
}

const (
	neighbourRows = 8
	neighbours    = 6
)

// neighbours shows test images, of as many classes as there are rows, and the
// training images with the nearest features.
func (s *Session) neighbours(f splits) (report.Sheet, error) {
	queries := s.queries(f.test)
	k := min(neighbours, f.train.N)
	if len(queries) == 0 || k == 0 {
		return report.Sheet{}, nil
	}
	nearest := eval.Neighbours(f.train, f.test, queries, k)
	var at, from []int
	for i, q := range queries {
		at = append(at, f.test.Index[q])
		for _, n := range nearest[i] {
			from = append(from, f.train.Index[n])
		}
	}
	tests, err := s.plain(s.Set.Test, at)
	if err != nil {
		return report.Sheet{}, err
	}
	trains, err := s.plain(s.Set.Probe, from)
	if err != nil {
		return report.Sheet{}, err
	}
	var rows []report.Neighbours
	for i, q := range queries {
		img, err := s.picture(tests, i)
		if err != nil {
			return report.Sheet{}, err
		}
		row := report.Neighbours{Query: img, Class: s.class(s.Set.Test, at[i])}
		for j, n := range nearest[i] {
			if img, err = s.picture(trains, i*k+j); err != nil {
				return report.Sheet{}, err
			}
			similarity := eval.Cosine(f.test.Row(q), f.train.Row(n))
			if math.IsNaN(similarity) {
				similarity = 0
			}
			row.Nearest = append(row.Nearest, report.Neighbour{Image: img, Class: s.class(s.Set.Probe, from[i*k+j]), Similarity: similarity})
		}
		rows = append(rows, row)
	}
	return report.NeighbourSheet("Nearest neighbours in "+s.Set.Name, rows), nil
}

// queries are rows of the test images: the first of each class in turn, then the
// second, until there are enough.
func (s *Session) queries(test *eval.Features) (rows []int) {
	for nth := 0; len(rows) < min(neighbourRows, test.N); nth++ {
		seen := map[int32]int{}
		for r, l := range test.Labels {
			if seen[l] == nth && len(rows) < neighbourRows {
				rows = append(rows, r)
			}
			seen[l]++
		}
	}
	return rows
}
