package core

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/report/chart"
	"github.com/fwlab/fw/core/view"
)

// CropStats is how the crops of an experiment lie.
type CropStats struct {
	Name    string
	IoU     []float64 // of each two crops of an image: intersection over union
	Apart   []float64 // of the same: distance of their centres, the image's sides being 1
	Centres []float64 // of each crop, its row and its column
}

// CropStats looks at the crops of at least n images of an epoch, or of all of them.
func (s *Session) CropStats(epoch, n int) (CropStats, error) {
	t := s.Trainer
	stats := CropStats{Name: s.Experiment.Name()}
	order := data.Order(t.Key(), epoch, s.Set.Train.Len())
	for at := 0; at+t.Facts.Batch <= len(order) && at < n; at += t.Facts.Batch {
		crops, err := t.Crops(epoch, order[at:at+t.Facts.Batch])
		if err != nil {
			return stats, err
		}
		for _, list := range crops {
			stats.add(list)
		}
	}
	return stats, nil
}

// add takes in the crops of one image.
func (c *CropStats) add(list []view.Box) {
	for i, a := range list {
		y, x := centre(a)
		c.Centres = append(c.Centres, y, x)
		for _, b := range list[:i] {
			v, u := centre(b)
			c.IoU = append(c.IoU, iou(a, b))
			c.Apart = append(c.Apart, math.Hypot(y-v, x-u))
		}
	}
}

func centre(b view.Box) (y, x float64) {
	return (float64(b.Y0) + float64(b.Y1)) / 2, (float64(b.X0) + float64(b.X1)) / 2
}

func area(b view.Box) float64 {
	return float64(max(0, b.Y1-b.Y0)) * float64(max(0, b.X1-b.X0))
}

// iou is the intersection of two rectangles over their union; 0 of two without area.
func iou(a, b view.Box) float64 {
	both := area(view.Box{Y0: max(a.Y0, b.Y0), X0: max(a.X0, b.X0), Y1: min(a.Y1, b.Y1), X1: min(a.X1, b.X1)})
	if all := area(a) + area(b) - both; all > 0 {
		return both / all
	}
	return 0
}

// String is the figures in a line.
func (c CropStats) String() string {
	if len(c.IoU) == 0 {
		return fmt.Sprintf("%s: %d crops, no two of one image", c.Name, len(c.Centres)/2)
	}
	return fmt.Sprintf("%s: %d pairs of crops, mean IoU %.3f, centres %.3f apart", c.Name, len(c.IoU), average(c.IoU), average(c.Apart))
}

func average(x []float64) (sum float64) {
	for _, v := range x {
		sum += v / float64(len(x))
	}
	return sum
}

const cropBins = 25

// CropCharts are distributions beside one another: of the IoU of two crops of an
// image, and of where the centres of crops are along a side of the image.
func CropCharts(stats ...CropStats) (overlap, centres chart.Chart) {
	overlap = chart.Chart{Label: "How much two crops of an image overlap", XName: "IoU", Unit: " %", Include: []float64{0}}
	centres = chart.Chart{Label: "Where the centres of crops are", XName: "place", Unit: " %", Include: []float64{0}}
	for _, c := range stats {
		overlap.Series = append(overlap.Series, histogram(c.Name, c.IoU))
		centres.Series = append(centres.Series, histogram(c.Name, c.Centres))
	}
	return overlap, centres
}

// histogram is the share of numbers of 0 to 1 in each bin, in percent.
func histogram(name string, x []float64) chart.Series {
	s := chart.Series{Name: name}
	if len(x) == 0 {
		return s
	}
	counts := make([]int, cropBins)
	for _, v := range x {
		counts[max(0, min(cropBins-1, int(v*cropBins)))]++
	}
	for i, n := range counts {
		s.X = append(s.X, (float64(i)+0.5)/cropBins)
		s.Y = append(s.Y, 100*float64(n)/float64(len(x)))
	}
	return s
}
