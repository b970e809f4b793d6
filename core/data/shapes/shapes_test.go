package shapes

import (
	"crypto/sha256"
	"fmt"
	"math"
	"testing"

	"github.com/fwlab/fw/core/rng"
)

func scene(i int) *Scene { return New(rng.New(1).Fold(uint64(i)), i%Classes) }

// The same bytes on every platform: whoever changes them changes what was
// measured on them.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		size int
		want string
	}{{20, "16fd8663f42843a8"}, {32, "d794d08e14661160"}, {100, "04efeaa6d0893bad"}} {
		h := sha256.New()
		for i := range 20 {
			h.Write(scene(i).Draw(c.size))
		}
		if got := fmt.Sprintf("%x", h.Sum(nil)[:8]); got != c.want {
			t.Errorf("%d pixels: %s, expected %s", c.size, got, c.want)
		}
	}
}

// Outlines have the area of a square of one unit, and lie in their circles, which
// are no larger than they must be.
func TestOutlines(t *testing.T) {
	const step, reach = 16, 4096
	for _, o := range outlines {
		inside, far := 0, 0.0
		for y := int64(-reach); y <= reach; y += step {
			for x := int64(-reach); x <= reach; x += step {
				if o.has(y, x) {
					inside++
					far = max(far, math.Hypot(float64(y), float64(x)))
				}
			}
		}
		if area := float64(inside) * step * step / (unit * unit); math.Abs(area-1) > 0.01 {
			t.Errorf("%s: area %.3f, expected 1", o.name, area)
		}
		if r := float64(o.radius); far > r || far < r-3*step {
			t.Errorf("%s: reaches %.0f from its centre, its radius is %d", o.name, far, o.radius)
		}
	}
}

// slowMask looks at every place of every pixel.
func slowMask(o *object, n int) []bool {
	mask := make([]bool, n*n)
	for k := range mask {
		count := 0
		for j := range full {
			dy, dx := at(k/n*sub+j/sub, n)-o.y, at(k%n*sub+j%sub, n)-o.x
			if outlines[o.class].has((o.cos*dy-o.sin*dx)>>20, (o.sin*dy+o.cos*dx)>>20) {
				count++
			}
		}
		mask[k] = count > full/2
	}
	return mask
}

func TestBoxesAreTightAroundMasks(t *testing.T) {
	for i := range 400 {
		n := []int{20, 21, 32, 61}[i%4]
		s := scene(i)
		taken := make([]bool, n*n)
		for k, o := range s.Objects(n) {
			want := slowMask(&s.objects[k], n)
			y0, x0, y1, x1 := n, n, 0, 0
			for p, in := range o.Mask {
				if in != want[p] {
					t.Fatalf("scene %d, object %d, pixel %d: %v, expected %v", i, k, p, in, want[p])
				}
				if !in {
					continue
				}
				if taken[p] {
					t.Fatalf("scene %d, object %d: pixel %d is another's too", i, k, p)
				}
				taken[p] = true
				y0, x0, y1, x1 = min(y0, p/n), min(x0, p%n), max(y1, p/n+1), max(x1, p%n+1)
			}
			if y0 >= y1 || o.Y0 != y0 || o.X0 != x0 || o.Y1 != y1 || o.X1 != x1 {
				t.Fatalf("scene %d, object %d: box %d %d %d %d, expected %d %d %d %d", i, k, o.Y0, o.X0, o.Y1, o.X1, y0, x0, y1, x1)
			}
		}
	}
}

// The main object is the largest, has the class that was asked for and stands
// out; one, two and three objects are all frequent; objects cover little of
// their scenes, so that crops often show background alone.
func TestScenes(t *testing.T) {
	const n, scenes = 64, 600
	var counts [others + 2]int
	covered := 0
	for i := range scenes {
		s := scene(i)
		pix := s.Draw(n)
		objects := s.Objects(n)
		counts[len(objects)]++
		area := func(o Object) (a int) {
			for _, in := range o.Mask {
				if in {
					a++
				}
			}
			return a
		}
		main := area(objects[0])
		covered += main
		if objects[0].Class != i%Classes {
			t.Fatalf("scene %d: class %d", i, objects[0].Class)
		}
		for _, o := range objects[1:] {
			if a := area(o); a > main/2 {
				t.Errorf("scene %d: a distractor of %d pixels, the main object has %d", i, a, main)
			}
		}
		var in, out [3]float64
		for p, m := range objects[0].Mask {
			for c := range 3 {
				if v := float64(pix[3*p+c]); m {
					in[c] += v / float64(main)
				} else {
					out[c] += v / float64(n*n-main)
				}
			}
		}
		if d := math.Abs(in[0]-out[0]) + math.Abs(in[1]-out[1]) + math.Abs(in[2]-out[2]); d < 60 {
			t.Errorf("scene %d: the main object is %.0f grey levels from the rest", i, d)
		}
	}
	for k, c := range counts[1:] {
		if c < scenes/5 {
			t.Errorf("%d of %d scenes have %d objects", c, scenes, k+1)
		}
	}
	if share := float64(covered) / (scenes * n * n); share < 0.08 || share > 0.2 {
		t.Errorf("main objects cover %.3f of their scenes", share)
	}
}

// Of pairs of crops of a fifth to all of the area, as SimCLR's recipes for small
// images draw them, one often loses most of the main object.
func TestCropsMissTheObject(t *testing.T) {
	const n, scenes = 64, 1000
	lost := 0
	for i := range scenes {
		mask := scene(i).Objects(n)[0].Mask
		draw := rng.New(2).Fold(uint64(i)).Stream()
		if a, b := shown(mask, n, &draw), shown(mask, n, &draw); min(a, b) < 0.5 {
			lost++
		}
	}
	t.Logf("in %d of %d pairs a crop shows less than half of the main object", lost, scenes)
	if lost < scenes/5 {
		t.Errorf("in %d of %d pairs a crop shows less than half of the main object, expected a fifth", lost, scenes)
	}
}

// shown is the share of the mask in a random square crop.
func shown(mask []bool, n int, draw *rng.Stream) float64 {
	side := int(math.Sqrt(draw.Uniform(0.2, 1)) * float64(n))
	top, left := draw.Intn(n-side+1), draw.Intn(n-side+1)
	seen, all := 0, 0
	for p, in := range mask {
		if in {
			all++
			if y, x := p/n-top, p%n-left; 0 <= y && y < side && 0 <= x && x < side {
				seen++
			}
		}
	}
	return float64(seen) / float64(all)
}

// A scene is the same at another size: what a large picture averages to.
func TestSceneHasNoSize(t *testing.T) {
	for i := range 20 {
		s := scene(i)
		small, large := s.Draw(32), s.Draw(128)
		sum := 0.0
		for p := range 32 * 32 {
			for c := range 3 {
				mean := 0.0
				for k := range 16 {
					mean += float64(large[((p/32*4+k/4)*128+p%32*4+k%4)*3+c]) / 16
				}
				sum += math.Abs(mean - float64(small[3*p+c]))
			}
		}
		if d := sum / (32 * 32 * 3); d > 8 {
			t.Errorf("scene %d: %.1f grey levels between the sizes", i, d)
		}
	}
}

func BenchmarkDraw32(b *testing.B) {
	for i := 0; b.Loop(); i++ {
		scene(i).Draw(32)
	}
}
