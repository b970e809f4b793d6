package core

import (
	"strings"
	"testing"

	"github.com/fwlab/fw/core/view"
)

func TestExplainedInWords(t *testing.T) {
	got := strings.Join(explained(view.Explanation{
		{Name: "flip_horizontal"},
		{Name: "color_jitter", Values: []float64{1.1849, 0.6, 1, -0.03}},
		{Name: "affine", Values: []float64{0, -7, 0, 1, 5.14, 0}},
		{Name: "gaussian_blur", Values: []float64{1.5234}},
		{Name: "permutation", Values: []float64{17}, Named: true},
		{Name: "order", Values: []float64{0, 1, 2, 3, 4, 5, 6, 7, 8}, Named: true},
		{Name: "bins", Values: make([]float64, 10), Named: true},
	}), "; ")
	want := "permutation 17; order 0 1 2 3 4 5 6 7 8; bins (10); flip; jitter b 1.18 c 0.6 s 1 h -0.03; affine x -7 shear-x 5.14; blur 1.52"
	if got != want {
		t.Errorf("found    %s\nexpected %s", got, want)
	}
}
