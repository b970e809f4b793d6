package builtin

import (
	"fmt"
	"math"
	"testing"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/train"
)

// lens is images of a texture that looks the same everywhere, taken through a lens
// that makes one corner brighter than the other, and one side redder: nothing but
// shortcuts tells where a tile of one lies.
type lens struct{ count, side int }

func (l lens) Len() int              { return l.count }
func (l lens) Label(int) (int, bool) { return 0, false }
func (l lens) ID(i int) string       { return fmt.Sprint(i) }

func (l lens) Decode(i int) (data.Image, error) {
	k := rng.New(uint64(i)).Stream()
	const pitch = 4 // pixels from one knot of the texture to the next
	knots := l.side/pitch + 2
	var noise [3][]float64
	for c := range noise {
		for range knots * knots {
			noise[c] = append(noise[c], k.Normal())
		}
	}
	m := data.Image{H: l.side, W: l.side, C: 3}
	for y := range l.side {
		for x := range l.side {
			u, v := float64(x)/float64(l.side)-0.5, float64(y)/float64(l.side)-0.5
			for c := range 3 {
				at := func(dy, dx int) float64 { return noise[c][(y/pitch+dy)*knots+x/pitch+dx] }
				fx, fy := float64(x%pitch)/pitch, float64(y%pitch)/pitch
				texture := (1-fy)*((1-fx)*at(0, 0)+fx*at(0, 1)) + fy*((1-fx)*at(1, 0)+fx*at(1, 1))
				level := 128 + 25*texture + 40*(u+v) + 40*u*float64(1-c)
				m.Pix = append(m.Pix, uint8(math.Round(min(max(level, 0), 255))))
			}
		}
	}
	return m, nil
}

// measures are the tasks as published, and without what keeps them from shortcuts.
var measures = []struct {
	name, pretext string
	chance        float64
	given, spoilt []schema.Named
}{
	{"relative-position", "fw/relative-position", math.Log(8), []schema.Named{integer("hidden", 32)},
		[]schema.Named{integer("tile", 8), integer("jitter", 0), text("chroma", "keep"), float("coarse", 0), flag("rms", false)}},
	{"jigsaw", "fw/jigsaw", math.Log(8), []schema.Named{integer("permutations", 8), integer("width", 16)},
		[]schema.Named{integer("tile", 8), integer("jitter", 0), float("gray", 0), integer("channels_apart", 0), flag("standardize", false)}},
}

// Where nothing but brightness and colour tells the places of tiles, the tasks are
// learned in a few steps without their measures, and not at all with them.
func TestWithoutTheirMeasuresTasksAreEasier(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped with -short: trains for some seconds")
	}
	const steps = 120
	for _, m := range measures {
		t.Run(m.name, func(t *testing.T) {
			learned := func(params []schema.Named) (loss float64) {
				tr := taskTrainer(t, method{m.name, m.pretext, "fw/cross-entropy", params, nil}, lens{256, 24}, train.Facts{Batch: 16, Channels: 3, ImageSize: 24},
					optim.Config{Name: "sgd", LR: 0.05, Momentum: 0.9, WeightDecay: 5e-4, Schedule: "cosine", Steps: steps})
				for tr.Step < steps {
					l, _, err := tr.Run()
					if err != nil {
						t.Fatal(err)
					}
					if tr.Step > steps-20 {
						loss += l / 20
					}
				}
				return loss
			}
			with, without := learned(m.given), learned(append(m.given[:len(m.given):len(m.given)], m.spoilt...))
			t.Logf("loss %.3f with the measures, %.3f without; chance is %.3f", with, without, m.chance)
			if with < m.chance-0.1 || without > m.chance-0.5 {
				t.Errorf("expected a loss near %.3f with the measures, and one far below without: found %.3f and %.3f", m.chance, with, without)
			}
		})
	}
}

// Lines that go on from one tile to the next give neighbours away where tiles touch.
// Told by their edges alone, the tile below the middle one is found without gap and
// jitter, and not with them.
func TestGapAndJitterHideEdges(t *testing.T) {
	const n = 64
	m := measures[0]
	keep := []schema.Named{text("chroma", "keep"), float("coarse", 0), flag("rms", false)}
	found := func(params ...schema.Named) (share float64) {
		tr := taskTrainer(t, method{m.name, m.pretext, "fw/cross-entropy", append(params, keep...), nil}, lens{n, 48}, train.Facts{Batch: n, Channels: 3, ImageSize: 48},
			optim.Config{Name: "sgd", LR: 0.01, Schedule: "constant", Steps: 1})
		at := make([]int, n)
		for i := range at {
			at[i] = i
		}
		views, err := tr.Views(0, at)
		if err != nil {
			t.Fatal(err)
		}
		o := views.Outputs[0]
		s := o.Shape.Dims[2]
		pixel := func(image, tile, y, x, c int) float64 {
			return float64(o.F32((((image*9+tile)*s+y)*s+x)*3 + c))
		}
		for i := range n {
			best, choice := math.Inf(1), 0
			for tile := range 9 {
				if tile == 4 {
					continue
				}
				var apart float64
				for x := range s {
					for c := range 3 {
						apart += math.Abs(pixel(i, 4, s-1, x, c) - pixel(i, tile, 0, x, c))
					}
				}
				if apart < best {
					best, choice = apart, tile
				}
			}
			if choice == 7 {
				share += 1. / n
			}
		}
		return share
	}
	touching, apart := found(integer("tile", 16), integer("jitter", 0)), found()
	t.Logf("found by its edge: %.2f where tiles touch, %.2f with gap and jitter; chance is %.3f", touching, apart, 1./8)
	if touching < 0.9 || apart > 0.4 {
		t.Errorf("the tile below was found by its edge in %.2f where tiles touch and in %.2f with gap and jitter; expected nearly all and few", touching, apart)
	}
}

// What the network sees of a picture to be coloured is its lightness, and three times
// the same: pictures that differ in colour alone look the same.
func TestColorizationSeesNoColours(t *testing.T) {
	m := spatial[2]
	tr := taskTrainer(t, m.method, lens{2, 24}, train.Facts{Batch: 2, Channels: 3, ImageSize: 24}, optim.Config{Name: "sgd", LR: 0.01, Schedule: "constant", Steps: 1})
	views, err := tr.Views(0, []int{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	var view, lab []float32
	for _, o := range views.Outputs {
		for i := range o.Shape.Size() {
			switch o.Name {
			case "views.0":
				view = append(view, o.F32(i))
			case "target.lab":
				lab = append(lab, o.F32(i))
			}
		}
	}
	for i := 0; i < len(view); i += 3 {
		if view[i] != view[i+1] || view[i] != view[i+2] || math.Abs(float64(100*view[i]-lab[i])) > 1e-4 {
			t.Fatalf("pixel %d is %v, of lightness %v", i/3, view[i:i+3], lab[i])
		}
	}
}

// greyAfterOne is images of which all but the first have lost their colours.
type greyAfterOne struct{ lens }

func (g greyAfterOne) Decode(i int) (data.Image, error) {
	m, err := g.lens.Decode(i)
	for j := range m.Pix {
		if i > 0 {
			m.Pix[j] = m.Pix[j/3*3]
		}
	}
	return m, err
}
