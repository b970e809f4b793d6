package report

import (
	"slices"
	"testing"

	"github.com/fwlab/fw/core/rundir"
)

// What crops leave has titles in words, and no chart where it is all 0.
func TestChartsOfCrops(t *testing.T) {
	line := func(y ...float64) (points []rundir.Point) {
		for i, v := range y {
			points = append(points, rundir.Point{Step: i + 1, Value: v})
		}
		return points
	}
	p := Page{History: rundir.History{
		rundir.BoxesArea: line(0.6, 0.9), rundir.BoxesWhole: line(0.1, 0.8), rundir.BoxesEmpty: line(0, 0), rundir.CropsFellBack: line(0, 0.01), "mine": line(0, 0),
	}}
	var titles []string
	for _, f := range p.figures() {
		titles = append(titles, f.Title)
	}
	if want := []string{"Area of boxes", "Whole images", "Crops that fell back", "mine"}; !slices.Equal(titles, want) {
		t.Errorf("charts %q, expected %q", titles, want)
	}
}
