package core

import (
	"math"
	"testing"

	"github.com/fwlab/fw/core/view"
)

// The overlap of rectangles that are known: apart, the same, one within the other,
// and by halves.
func TestOverlapOfCrops(t *testing.T) {
	unit := view.Box{Y1: 0.5, X1: 0.5}
	for _, c := range []struct {
		a, b view.Box
		want float64
	}{
		{unit, unit, 1}, {unit, view.Box{Y0: 0.5, X0: 0.5, Y1: 1, X1: 1}, 0}, {unit, view.Box{Y1: 0.25, X1: 0.25}, 0.25},
		{unit, view.Box{Y0: 0.25, Y1: 0.75, X1: 0.5}, 1.0 / 3}, {view.Box{}, view.Box{}, 0},
	} {
		if got := iou(c.a, c.b); math.Abs(got-c.want) > 1e-7 || math.Abs(iou(c.b, c.a)-c.want) > 1e-7 {
			t.Errorf("%v and %v: %v, expected %v", c.a, c.b, got, c.want)
		}
	}
	s := CropStats{Name: "x"}
	s.add([]view.Box{unit, {Y0: 0.5, X0: 0.5, Y1: 1, X1: 1}, {Y1: 1, X1: 1}}, nil)
	if len(s.IoU) != 3 || len(s.Centres) != 6 || math.Abs(average(s.IoU)-0.5/3) > 1e-7 || math.Abs(average(s.Apart)-(math.Sqrt2/2+2*math.Sqrt2/4)/3) > 1e-7 {
		t.Errorf("%+v", s)
	}
	if got := s.String(); got != "x: 3 pairs of crops, mean IoU 0.167, centres 0.471 apart" {
		t.Error(got)
	}
}

func TestHistogramAddsToAll(t *testing.T) {
	h := histogram("x", []float64{0, 0.01, 0.5, 0.999, 1, 1.2, -1})
	sum := 0.0
	for _, y := range h.Y {
		sum += y
	}
	if math.Abs(sum-100) > 1e-9 || len(h.X) != cropBins || math.Abs(h.Y[0]-300.0/7) > 1e-9 || math.Abs(h.Y[cropBins-1]-300.0/7) > 1e-9 {
		t.Errorf("%+v", h)
	}
}

// A pair hits an object with both centres, or with both crops half on it: half of the
// object lies in the crop, or half of the crop in the object.
func TestPairsThatHitTheObject(t *testing.T) {
	object := view.Box{Y0: 0.5, X0: 0.5, Y1: 1, X1: 1}
	inside, edge := view.Box{Y0: 0.6, X0: 0.6, Y1: 0.8, X1: 0.8}, view.Box{Y0: 0.25, X0: 0.5, Y1: 0.75, X1: 1}
	beside, around := view.Box{Y1: 0.5, X1: 0.5}, view.Box{Y1: 1, X1: 1}
	for _, c := range []struct {
		pair         []view.Box
		within, onto int
	}{
		{[]view.Box{inside, inside}, 1, 1},
		{[]view.Box{inside, edge}, 1, 1},
		{[]view.Box{around, edge}, 1, 1},
		{[]view.Box{inside, beside}, 0, 0}, // its centre is without, and they share no area
		{[]view.Box{beside, beside}, 0, 0},
		{[]view.Box{{X0: 0.2, Y1: 1, X1: 0.8}, {X0: 0.1, Y1: 1, X1: 0.7}}, 0, 0}, // 0.6 and 0.4 of the object, but the centres left of it
		{[]view.Box{{X0: 0.2, Y1: 1, X1: 0.78}, inside}, 0, 1},
	} {
		var s CropStats
		s.add(c.pair, &object)
		if s.Located != 1 || s.Within != c.within || s.Onto != c.onto {
			t.Errorf("%v: %+v", c.pair, s)
		}
	}
}
