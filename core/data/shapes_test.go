package data

import (
	"bytes"
	"math"
	"slices"
	"sync"
	"testing"
)

func shapesOf(t testing.TB, o Options) *Set {
	t.Helper()
	o.Holdout = 0.2
	return opened(t, Shapes, o)
}

// An image depends on seed, split and index alone: not on who asks, in which
// order, nor on how many images there are.
func TestShapesIsAPureFunction(t *testing.T) {
	a, b := shapesOf(t, Options{Count: 50, Size: 32}), shapesOf(t, Options{Count: 500, Size: 32})
	want := make([][]byte, a.Train.Len())
	for i := len(want) - 1; i >= 0; i-- {
		m, err := a.Train.Decode(i)
		if err != nil || m.H != 32 || m.W != 32 || m.C != 3 || len(m.Pix) != 32*32*3 {
			t.Fatalf("%d: %d x %d x %d of %d bytes, %v", i, m.H, m.W, m.C, len(m.Pix), err)
		}
		want[i] = m.Pix
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for k := range want {
				i := (k*(2*w+1) + w) % len(want)
				if m, _ := b.Train.Decode(i); !bytes.Equal(m.Pix, want[i]) {
					t.Errorf("image %d is another one", i)
				}
			}
		})
	}
	wg.Wait()
	for name, d := range map[string]Dataset{"test": a.Test, "another seed": shapesOf(t, Options{Count: 50, Size: 32, Seed: 1}).Train} {
		if m, _ := d.Decode(0); bytes.Equal(m.Pix, want[0]) {
			t.Errorf("%s has the training images", name)
		}
	}
}

func TestShapesClassesAreBalanced(t *testing.T) {
	s := shapesOf(t, Options{Count: 1000, Size: 20, Limit: 300})
	for name, d := range map[string]Dataset{"train": s.Train, "test": s.Test} {
		counts := make([]int, len(s.Classes))
		for i := range d.Len() {
			l, _ := d.Label(i)
			counts[l]++
		}
		if len(counts) != 10 || slices.Min(counts) != d.Len()/10 || slices.Max(counts) != d.Len()/10 {
			t.Errorf("%s: %v of %d images", name, counts, d.Len())
		}
	}
}

// Objects are the image's, through parts of the set and several sets as well.
func TestShapesAreLocated(t *testing.T) {
	s := shapesOf(t, Options{Count: 100, Size: 40})
	limited := shapesOf(t, Options{Count: 100, Size: 40, Limit: 30}).Train
	for _, c := range []struct {
		d  Dataset
		at int
	}{{limited, 12}, {concat{limited, s.Train}, 42}, {part(s.Train, 10, 20), 2}} {
		got, want := c.d.(Located).Objects(c.at), s.Train.(Located).Objects(12)
		if len(got) == 0 || len(got) != len(want) || !slices.Equal(got[0].Mask, want[0].Mask) {
			t.Fatalf("%d objects, expected %d", len(got), len(want))
		}
		l, _ := c.d.Label(c.at)
		if o := got[0]; o.Class != l || o.Y0 < 0 || o.Y0 >= o.Y1 || o.Y1 > 1 || o.X0 < 0 || o.X0 >= o.X1 || o.X1 > 1 || len(o.Mask) != 40*40 {
			t.Errorf("%+v of label %d", o, l)
		}
		for k, o := range got {
			for p, in := range o.Mask {
				y, x := (float64(p/40)+0.5)/40, (float64(p%40)+0.5)/40
				if in && (y < o.Y0 || y > o.Y1 || x < o.X0 || x > o.X1) {
					t.Fatalf("object %d: pixel %d is out of its box", k, p)
				}
			}
		}
	}
	if unknown := part(opened(t, Synthetic, Options{Count: 10}).Train, 0, 5).(Located).Objects(0); unknown != nil {
		t.Errorf("%d objects in noise", len(unknown))
	}
}

// The nearest image by its pixels is hardly ever of the same class, neither by
// cosine of the centred pixels nor by distance.
func TestShapesPixelsSayLittle(t *testing.T) {
	s := shapesOf(t, Options{Count: 1500, Size: 32})
	rows := func(d Dataset) [][]float32 {
		out := make([][]float32, d.Len())
		for i := range out {
			m, _ := d.Decode(i)
			for _, v := range m.Pix {
				out[i] = append(out[i], float32(v)/255-0.5)
			}
		}
		return out
	}
	train, test := rows(s.Train), rows(s.Test)
	norm := func(a []float32) float64 { return math.Sqrt(float64(dot(a, a))) }
	norms := make([]float64, len(train))
	for i, a := range train {
		norms[i] = norm(a)
	}
	var cosine, distance int
	for q, a := range test {
		want, _ := s.Test.Label(q)
		near, close, byCosine, byDistance := math.Inf(-1), math.Inf(1), -1, -1
		for i, b := range train {
			ab := float64(dot(a, b))
			if v := ab / norms[i]; v > near {
				near, byCosine = v, i
			}
			if v := norms[i]*norms[i] - 2*ab; v < close {
				close, byDistance = v, i
			}
		}
		if l, _ := s.Train.Label(byCosine); l == want {
			cosine++
		}
		if l, _ := s.Train.Label(byDistance); l == want {
			distance++
		}
	}
	n := len(test)
	t.Logf("of %d images: %d right by cosine, %d by distance", n, cosine, distance)
	if cosine > n*15/100 || distance > n*15/100 {
		t.Errorf("of %d images %d are right by cosine and %d by distance; expected about %d", n, cosine, distance, n/10)
	}
}

func dot(a, b []float32) (sum float32) {
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

func TestShapesMeanAndDeviation(t *testing.T) {
	s := shapesOf(t, Options{Count: 5000, Size: 20})
	var sum, squares [3]float64
	for i := range s.Train.Len() {
		m, _ := s.Train.Decode(i)
		for p, v := range m.Pix {
			x := float64(v) / 255
			sum[p%3] += x
			squares[p%3] += x * x
		}
	}
	n := float64(s.Train.Len() * 20 * 20)
	for c := range 3 {
		mean := sum[c] / n
		std := math.Sqrt(squares[c]/n - mean*mean)
		if math.Abs(mean-s.Mean[c]) > 0.015 || math.Abs(std-s.Std[c]) > 0.015 {
			t.Errorf("channel %d: mean %.4f, deviation %.4f; the set says %v, %v", c, mean, std, s.Mean[c], s.Std[c])
		}
	}
}

func TestShapesSaysWhatIsWrong(t *testing.T) {
	refused(t, Shapes, Options{Count: 10, Size: 19}, "image_size", "at least 20", "found 19")
	refused(t, Shapes, Options{Size: 32}, "count", "found 0")
	refused(t, Shapes, Options{Count: 10, Size: 32, TrainSplit: "val"}, `no train_split "val"`)
	refused(t, Shapes, Options{Count: 1, Size: 32, Holdout: 0.9}, "no images to train on")
}
