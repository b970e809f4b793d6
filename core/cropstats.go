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
	Located int       // pairs of images whose object's box is known
	Within  int       // of these, with both centres in the box
	Onto    int       // of these, both with half of the object or half within it
}

// CropStats looks at the crops of at least n images of an epoch, or of all of them,
// in whole batches.
func (s *Session) CropStats(epoch, n int) (CropStats, error) {
	stats := CropStats{Name: s.Experiment.Name()}
	err := s.addCrops(&stats, epoch, n, func(at []int) ([][]view.Box, error) { return s.Trainer.Crops(epoch, at) }, s.object)
	return stats, err
}

func (s *Session) addCrops(stats *CropStats, epoch, n int, crops func(at []int) ([][]view.Box, error), object func(i int) *view.Box) error {
	batch := s.Trainer.Facts.Batch
	order := data.Order(s.Trainer.Key(), epoch, s.Set.Train.Len())
	for at := 0; at+batch <= len(order) && at < n; at += batch {
		lists, err := crops(order[at : at+batch])
		if err != nil {
			return err
		}
		for i, list := range lists {
			stats.add(list, object(order[at+i]))
		}
	}
	return nil
}

// object is the box of what the label of a training image means; nil if it is not known.
func (s *Session) object(i int) *view.Box {
	list := data.Objects(s.Set.Train, i)
	if len(list) == 0 {
		return nil
	}
	o := list[0]
	return &view.Box{Y0: float32(o.Y0), X0: float32(o.X0), Y1: float32(o.Y1), X1: float32(o.X1)}
}

// add takes in the crops of one image, and where its object is if that is known.
func (c *CropStats) add(list []view.Box, object *view.Box) {
	for i, a := range list {
		y, x := centre(a)
		c.Centres = append(c.Centres, y, x)
		for _, b := range list[:i] {
			v, u := centre(b)
			c.IoU = append(c.IoU, iou(a, b))
			c.Apart = append(c.Apart, math.Hypot(y-v, x-u))
			if object == nil {
				continue
			}
			c.Located++
			if within(a, *object) && within(b, *object) {
				c.Within++
			}
			if onto(a, *object) && onto(b, *object) {
				c.Onto++
			}
		}
	}
}

// within is whether a crop's centre lies in a box.
func within(crop, box view.Box) bool {
	y, x := centre(crop)
	return float64(box.Y0) <= y && y <= float64(box.Y1) && float64(box.X0) <= x && x <= float64(box.X1)
}

// onto is whether a crop shows half of an object, or is half filled by it.
func onto(crop, object view.Box) bool {
	return common(crop, object) >= min(area(crop), area(object))/2
}

func centre(b view.Box) (y, x float64) {
	return (float64(b.Y0) + float64(b.Y1)) / 2, (float64(b.X0) + float64(b.X1)) / 2
}

func area(b view.Box) float64 {
	return float64(max(0, b.Y1-b.Y0)) * float64(max(0, b.X1-b.X0))
}

// common is the area of what two rectangles share.
func common(a, b view.Box) float64 {
	return area(view.Box{Y0: max(a.Y0, b.Y0), X0: max(a.X0, b.X0), Y1: min(a.Y1, b.Y1), X1: min(a.X1, b.X1)})
}

// iou is the intersection of two rectangles over their union; 0 of two without area.
func iou(a, b view.Box) float64 {
	both := common(a, b)
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
	line := fmt.Sprintf("%s: %d pairs of crops, mean IoU %.3f, centres %.3f apart", c.Name, len(c.IoU), average(c.IoU), average(c.Apart))
	if c.Located > 0 {
		line += fmt.Sprintf(", both in the object %.1f %%, both half on it %.1f %%", 100*share(c.Within, c.Located), 100*share(c.Onto, c.Located))
	}
	return line
}

func share(part, all int) float64 { return float64(part) / float64(max(1, all)) }

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
