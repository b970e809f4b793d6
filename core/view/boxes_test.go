package view

import (
	"fmt"
	"testing"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// The crop strategy is told the box of each sample's position for each of its
// crops, and nothing where none are known; what it chose can be asked for.
func TestBoxesGoToTheCropStrategy(t *testing.T) {
	images := album{}
	for i := range 3 {
		h, w := 4+4*i, 8
		images = append(images, data.Image{Pix: make([]uint8, h*w), H: h, W: w, C: 1})
	}
	b := trace.New("views")
	b.ResolveCalls(func(string, []shape.Shape) (shape.Shape, error) { return shape.Of(dtype.Rect), nil })
	err := trace.Trace(func() {
		img := b.Input("image", shape.Of(dtype.Image))
		for v := range 2 {
			rect := b.Emit("call", []trace.Value{img}, ir.String("callee", "crop"), ir.Int("view", v), ir.OfShape("shape", shape.Of(dtype.Rect)))[0]
			x := b.Emit("image_crop_resize", []trace.Value{img, rect}, ir.Int("height", 2), ir.Int("width", 2), ir.Int("channels", 1), ir.String("interpolation", "bilinear"))
			b.Output(fmt.Sprint("view.", v), b.Emit("image_to_float", x)[0])
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var told []Box
	p, err := New(b.Func(), images, 2, nil, nil, &Calls{Crops: func(r CropRequest) ([]Rect, error) {
		told = r.Boxes
		rects := make([]Rect, len(r.Sizes))
		for i, s := range r.Sizes {
			rects[i] = Rect{Y: s[0] / 4, X: i % 2, H: s[0] / 2, W: 4, FellBack: i == 1}
		}
		return rects, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	workers := pool.New(1)
	defer workers.Close()
	fill := func(p *Program) {
		t.Helper()
		if _, err := p.Fill(workers, []int{2, 0}, rng.New(0)); err != nil {
			t.Fatal(err)
		}
	}
	if fill(p); told != nil {
		t.Errorf("told of %v before any box is known", told)
	}
	p.Boxes = []Box{{X1: 0.1}, {X1: 0.2}, {X1: 0.3}}
	if fill(p.Fork()); fmt.Sprint(told) != "[{0 0 0 0.3} {0 0 0 0.3} {0 0 0 0.1} {0 0 0 0.1}]" {
		t.Errorf("told of %v", told)
	}
	for i := range 2 {
		if got := fmt.Sprint(p.Cropped(i)); got != "[{0.25 0 0.75 0.5} {0.25 0.125 0.75 0.625}]" {
			t.Errorf("sample %d: cropped %s", i, got)
		}
	}
	if share, crops := p.FellBack(); share != 0.25 || !crops { // one of two images' two crops
		t.Errorf("%g of the crops fell back, %v", share, crops)
	}
}
