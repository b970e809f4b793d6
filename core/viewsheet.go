package core

import (
	"context"
	"fmt"
	"image"
	"strings"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/report"
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
	if err := s.heat(&sheet, indices[:n]); err != nil {
		return report.Sheet{}, err
	}
	shown, err := t.Pictures(views, indices, epoch*t.StepsPerEpoch())
	if err != nil {
		return report.Sheet{}, err
	}
	if len(shown) > 0 {
		sheet.Caption += " After the views comes what the pretext task shows of them."
	}
	number := 0
	for _, o := range views.Outputs {
		if !isPictures(o) {
			continue
		}
		first := number
		err := s.columns(&sheet, o, len(indices), func(int) string { number++; return fmt.Sprintf("view %d", number) },
			func(v, i int) []string { return explained(views.Explanations(i)[first+v]) })
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
		}, func(int, int) []string { return nil })
		if err != nil {
			return report.Sheet{}, err
		}
	}
	return sheet, nil
}

// heat adds a column of where the encoder looks, if the crop strategy goes by that.
func (s *Session) heat(sheet *report.Sheet, indices []int) error {
	heats, err := s.Trainer.Heats(context.Background(), indices)
	if heats == nil || err != nil {
		return err
	}
	sheet.Columns = append(sheet.Columns, "heat map")
	for i, h := range heats {
		c := report.Cell{Image: sheet.Rows[i].Cells[0].Image, Label: "nothing"}
		if h != nil {
			c.Heat, c.Label = &report.Heat{W: h.W, H: h.H, Values: h.Values}, ""
		}
		sheet.Rows[i].Cells = append(sheet.Rows[i].Cells, c)
	}
	return nil
}

// isPictures is whether an output of a view program is one of views: f32[V*B,H,W,1 or
// 3], or tiles f32[V*B,N,H,W,1 or 3].
func isPictures(o *view.Output) bool {
	d := o.Shape.Dims
	return strings.HasPrefix(o.Name, "views.") && (d[len(d)-1] == 1 || d[len(d)-1] == 3)
}

// columns adds a column for each of the pictures that o has of an image, with notes
// of the v-th of image i; o has them of so many images, of which the sheet shows the first.
func (s *Session) columns(sheet *report.Sheet, o *view.Output, images int, title func(v int) string, notes func(v, i int) []string) error {
	for v := range o.Shape.Dims[0] / images {
		sheet.Columns = append(sheet.Columns, title(v))
		for i := range sheet.Rows {
			img, err := s.picture(o, v*images+i)
			if err != nil {
				return err
			}
			sheet.Rows[i].Cells = append(sheet.Rows[i].Cells, report.Cell{Image: img, Notes: notes(v, i)})
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

// Beside is two sheets of the same images as one, the cells of a row after one
// another; a and b name whose they are.
func Beside(left, right report.Sheet, a, b string) (report.Sheet, error) {
	if len(left.Rows) != len(right.Rows) {
		return left, fmt.Errorf("expected as many images of both, found %d and %d; the batches are of different sizes", len(left.Rows), len(right.Rows))
	}
	out := left
	out.Columns, out.Rows = nil, nil
	for _, c := range left.Columns {
		out.Columns = append(out.Columns, "A: "+c)
	}
	for _, c := range right.Columns {
		out.Columns = append(out.Columns, "B: "+c)
	}
	for i, row := range left.Rows {
		if !samePicture(row.Cells[0].Image, right.Rows[i].Cells[0].Image) {
			return left, fmt.Errorf("image %d is not the same: they differ in data or seed, which --set and --seed can change for both", i+1)
		}
		row.Cells = append(append([]report.Cell(nil), row.Cells...), right.Rows[i].Cells...)
		out.Rows = append(out.Rows, row)
	}
	if len(right.Legend) > len(out.Legend) {
		out.Legend = right.Legend
	}
	out.Title += ". A: " + a + ", B: " + b
	return out, nil
}

func samePicture(a, b image.Image) bool {
	r := a.Bounds()
	if r != b.Bounds() {
		return false
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				return false
			}
		}
	}
	return true
}
