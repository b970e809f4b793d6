package localize

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/view"
)

// Boxes are those that PyTorch finds, to the bit; testdata/make_fixtures.py.
func TestBoxesArePyTorchs(t *testing.T) {
	f, err := tensor.Open("testdata/boxes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	read := func(name string) tensor.Tensor {
		x, err := f.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	images := 0
	for _, name := range f.Names() {
		name, ok := strings.CutSuffix(name, ".maps")
		if !ok {
			continue
		}
		maps, boxes, size, k := read(name+".maps"), read(name+".boxes").F32(), read(name+".size").I32(), read(name + ".threshold").F32()[0]
		h, w := maps.Shape.Dims[1], maps.Shape.Dims[2]
		for i := range maps.Shape.Dims[0] {
			want := view.Box{Y0: boxes[4*i], X0: boxes[4*i+1], Y1: boxes[4*i+2], X1: boxes[4*i+3]}
			got, found := Find(maps.F32()[i*h*w:][:h*w], h, w, int(size[0]), int(size[1]), k)
			if got != want || found != (want != Whole) {
				t.Errorf("%s image %d: %v, %v, expected %v", name, i, got, found, want)
			}
			images++
		}
	}
	if images < 50 {
		t.Errorf("only %d images", images)
	}
}

// twin looks at every pixel on its own, in float64.
func twin(m []float32, h, w, height, width int, k float64) (ends [4]int, margin float64) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, x := range m {
		low, high = math.Min(low, float64(x)), math.Max(high, float64(x))
	}
	at := func(y, x int) float64 {
		return (float64(m[min(max(y, 0), h-1)*w+min(max(x, 0), w-1)]) - low) / (high - low)
	}
	ends, margin = [4]int{height, width, -1, -1}, 1
	for y := range height {
		for x := range width {
			v := (float64(y)+0.5)*float64(h)/float64(height) - 0.5
			u := (float64(x)+0.5)*float64(w)/float64(width) - 0.5
			i, j := int(math.Floor(v)), int(math.Floor(u))
			fv, fu := v-math.Floor(v), u-math.Floor(u)
			z := (1-fv)*((1-fu)*at(i, j)+fu*at(i, j+1)) + fv*((1-fu)*at(i+1, j)+fu*at(i+1, j+1))
			margin = min(margin, math.Abs(z-k))
			if z > k {
				ends = [4]int{min(ends[0], y), min(ends[1], x), max(ends[2], y), max(ends[3], x)}
			}
		}
	}
	return ends, margin
}

func TestFindIsItsTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 9)
		h, w, height, width := side.Draw(t, "h"), side.Draw(t, "w"), rapid.IntRange(1, 40).Draw(t, "height"), rapid.IntRange(1, 40).Draw(t, "width")
		m := rapid.SliceOfN(rapid.Float32Range(0, 1), h*w, h*w).Draw(t, "map")
		k := rapid.Float32Range(0, 0.99).Draw(t, "threshold")
		got, found := Find(m, h, w, height, width, k)
		if got.Y0 < 0 || got.Y0 > got.Y1 || got.Y1 > 1 || got.X0 < 0 || got.X0 > got.X1 || got.X1 > 1 {
			t.Fatalf("%v is no box", got)
		}
		ends, margin := twin(m, h, w, height, width, float64(k))
		if !(margin > 1e-5) { // also of constant maps
			return
		}
		want := Whole
		if ends[2] >= 0 {
			want = view.Box{Y0: share(ends[0], height), X0: share(ends[1], width), Y1: share(ends[2], height), X1: share(ends[3], width)}
		}
		if got != want || found != (ends[2] >= 0) {
			t.Fatalf("%v, %v, expected %v", got, found, want)
		}
	})
}

// Dead, constant and broken maps give the whole image rather than an error.
func TestNothingToSee(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for name, m := range map[string][]float32{
		"zero": {0, 0, 0, 0}, "constant": {3, 3, 3, 3}, "constant but for rounding": {512, 512.0001, 512, 512},
		"NaN": {0, nan, 1, 0}, "first NaN": {nan, 0, 1, 0}, "infinite": {0, 1, inf, 0}, "minus infinite": {0, 1, -inf, 0},
		"too wide": {math.MaxFloat32, -math.MaxFloat32, 0, 0},
	} {
		if box, found := Find(m, 2, 2, 8, 8, 0.1); found || box != Whole {
			t.Errorf("%s: %v, %v", name, box, found)
		}
	}
	// Between the pixels of an enlarged map none is quite as hot as the hottest.
	if box, found := Find([]float32{0, 0, 0, 0, 1, 0, 0, 0, 0}, 3, 3, 12, 12, 0.99); found || box != Whole {
		t.Errorf("nowhere above the threshold: %v, %v", box, found)
	}
	if box, found := Find([]float32{1e-30, 0, 0, 0}, 2, 2, 2, 2, 0.1); !found || box != (view.Box{}) {
		t.Errorf("faint but there: %v, %v", box, found)
	}
}

func TestCover(t *testing.T) {
	last := share(31, 32)
	boxes := []view.Box{Whole, {Y1: last, X1: last}, {Y0: 0.25, X0: 0.25, Y1: 0.75, X1: 0.75}, {Y1: share(30, 32), X1: 1}}
	got := Cover(boxes, 32, 1)
	want := Coverage{Images: 4, Area: (1 + float64(last)*float64(last) + 0.25 + 30.0/32) / 4, Whole: 0.5, Empty: 1}
	if got != want {
		t.Errorf("%+v, expected %+v", got, want)
	}
	if got := Cover(nil, 32, 0); got != (Coverage{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

// The epochs of the authors' configurations.
func TestSchedule(t *testing.T) {
	for name, c := range map[string]struct {
		s      Schedule
		epochs int
		first  int   // epochs done before boxes are used
		due    []int // epochs after which they are found
	}{
		"small sets":           {Schedule{WarmupEpochs: 100, EveryEpochs: 100}, 500, 100, []int{100, 200, 300, 400}},
		"ImageNet":             {Schedule{WarmupEpochs: 20, EveryEpochs: 20}, 100, 20, []int{20, 40, 60, 80}},
		"plain crops":          {Schedule{WarmupEpochs: 500, EveryEpochs: 100}, 500, 500, nil},
		"without localisation": {Schedule{}, 500, 0, nil},
		"between":              {Schedule{WarmupEpochs: 3, EveryEpochs: 2}, 8, 3, []int{4, 6}},
		"every epoch":          {Schedule{EveryEpochs: 1}, 4, 0, []int{1, 2, 3}},
	} {
		var due []int
		for done := range c.epochs + 1 {
			if c.s.Used(done) != (done >= c.first) {
				t.Errorf("%s: after %d epochs: used %v", name, done, c.s.Used(done))
			}
			if c.s.Due(done, c.epochs) {
				due = append(due, done)
			}
		}
		if len(due) != len(c.due) || c.s.Ever(c.epochs) != (len(due) > 0) {
			t.Errorf("%s: due after %v, ever %v, expected %v", name, due, c.s.Ever(c.epochs), c.due)
			continue
		}
		for i := range due {
			if due[i] != c.due[i] {
				t.Errorf("%s: due after %v, expected %v", name, due, c.due)
			}
		}
	}
}
