package sdk_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/view"
	"github.com/fwlab/fw/sdk"
)

// Views of two sizes are two groups, and each call of the recipe knows its number:
// here a recipe that blackens every view but the one of its parameter.
func TestGroupsAndRecipesPerView(t *testing.T) {
	p := look(t, noise(2, 20, 20), 16, sdk.Augment("t/black", "1.0.0", black{}), func(v *sdk.Views) {
		for range 2 {
			v.View(v.Augment(v.Crop(v.Image())))
		}
		for range 3 {
			v.View(v.Augment(v.CropTo(v.Image(), 6)))
		}
	})
	large, d := out(t, p, "views.0")
	if !slices.Equal(d, []int{4, 16, 16, 3}) {
		t.Errorf("large views %v", d)
	}
	small, d := out(t, p, "views.1")
	if !slices.Equal(d, []int{6, 6, 6, 3}) {
		t.Errorf("small views %v", d)
	}
	sum := func(x []float64) (s float64) {
		for _, v := range x {
			s += v
		}
		return s
	}
	n, m := len(large)/2, len(small)/3
	for i, x := range [][]float64{large[:n], large[n:], small[:m], small[m : 2*m], small[2*m:]} {
		if (sum(x) == 0) != (i != 3) {
			t.Errorf("view %d sums to %v", i, sum(x))
		}
	}
}

type black struct{}

func (black) Augment(v *sdk.Views, img sdk.Image) sdk.Image {
	if v.Index() == 3 {
		return img
	}
	return img.Brightness(v.Scalar(0))
}

// Jigsaw (Noroozi & Favaro 2016): nine tiles of their own mean and deviation, in an
// order of a table, whose index is the target; each is the tile of the picture that the order says.
func TestJigsaw(t *testing.T) {
	orders := [][]int{{0, 1, 2, 3, 4, 5, 6, 7, 8}, {8, 7, 6, 5, 4, 3, 2, 1, 0}, {4, 0, 8, 2, 6, 1, 3, 5, 7}}
	p := look(t, noise(12, 27, 27), 27, nil, func(v *sdk.Views) {
		img := v.Crop(v.Image())
		var tiles, still []sdk.Value
		for _, tile := range img.Tiles(3, 3, 7, 2) {
			tiles = append(tiles, v.Standardized(tile.Float(), true))
		}
		for _, tile := range img.Tiles(3, 3, 7, 0) {
			still = append(still, tile.Float())
		}
		k := v.Explain("permutation", v.Intn(len(orders)))
		order := v.Table(orders).Take(0, k)
		v.ViewOf(v.Shuffled(order, tiles...)).TargetValue("permutation", k).TargetValue("plain", v.Shuffled(order, still...)).TargetValue("whole", img.Float())
	})
	x, d := out(t, p, "views.0")
	if !slices.Equal(d, []int{12, 9, 7, 7, 3}) {
		t.Fatalf("views %v", d)
	}
	which, _ := out(t, p, "target.permutation")
	plain, _ := out(t, p, "target.plain")
	whole, _ := out(t, p, "target.whole")
	seen := map[float64]bool{}
	for s := range 12 {
		seen[which[s]] = true
		if e := p.Explanations(s)[0]; !slices.ContainsFunc(e, func(c view.Choice) bool { return c.Name == "permutation" && c.Values[0] == which[s] }) {
			t.Errorf("sample %d is explained by %v", s, e)
		}
		for i := range 9 {
			cell := orders[int(which[s])][i]
			for j := range 49 {
				y, c := cell/3*9+1+j/7, cell%3*9+1+j%7
				if got, want := plain[((s*9+i)*49+j)*3], whole[((s*27+y)*27+c)*3]; got != want {
					t.Fatalf("sample %d, place %d, pixel %d: %v, want %v", s, i, j, got, want)
				}
			}
			for ch := range 3 {
				var sum, sq float64
				for j := range 49 {
					v := x[((s*9+i)*49+j)*3+ch]
					sum, sq = sum+v, sq+v*v
				}
				if math.Abs(sum/49) > 1e-4 || math.Abs(sq/49-1) > 1e-2 {
					t.Errorf("sample %d, tile %d, channel %d: mean %v, mean square %v", s, i, ch, sum/49, sq/49)
				}
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("only %v of three orders", seen)
	}
}

// Context prediction (Doersch et al. 2015): the middle and one of eight neighbours,
// one channel of each kept, the others noise.
func TestContextPrediction(t *testing.T) {
	p := look(t, noise(40, 27, 27), 27, nil, func(v *sdk.Views) {
		tiles := v.Crop(v.Image()).Tiles(3, 3, 6, 3)
		around := append(slices.Clone(tiles[:4]), tiles[5:]...)
		k, channel := v.Intn(8), v.Intn(3)
		pair := v.Stack(0, v.OneChannel(tiles[4].Float(), channel), v.OneChannel(v.Choose(k, around...).Float(), channel))
		v.ViewOf(pair).TargetValue("position", k).TargetValue("channel", channel)
	})
	x, d := out(t, p, "views.0")
	if !slices.Equal(d, []int{40, 2, 6, 6, 3}) {
		t.Fatalf("views %v", d)
	}
	channel, _ := out(t, p, "target.channel")
	position, _ := out(t, p, "target.position")
	seen := map[float64]bool{}
	for s := range 40 {
		seen[position[s]] = true
		for ch := range 3 {
			sum := 0.0
			for j := range 36 {
				v := x[s*216+j*3+ch]
				sum += v
				if float64(ch) != channel[s] && !(v >= -0.5/255 && v < 0.5/255) {
					t.Fatalf("noise of %v", v)
				}
			}
			if float64(ch) == channel[s] && math.Abs(sum/36) > 1e-5 || float64(ch) != channel[s] && sum == 0 {
				t.Errorf("sample %d, channel %d of %v: mean %v", s, ch, channel[s], sum/36)
			}
		}
	}
	if len(seen) < 7 {
		t.Errorf("only positions %v", seen)
	}
}

// Colorization (Zhang et al. 2016): lightness, and for every fourth pixel its
// nearest bins of ab with weights.
func TestColorization(t *testing.T) {
	var points [][]float64
	for a := -110.0; a <= 110; a += 10 {
		for b := -110.0; b <= 110; b += 10 {
			points = append(points, []float64{a, b})
		}
	}
	p := look(t, noise(2, 16, 16), 16, nil, func(v *sdk.Views) {
		lab := v.Crop(v.Image()).Lab()
		ab := v.Every(v.Every(lab.Slice(2, 1, 3), 0, 4), 1, 4)
		bins, weights := v.SoftQuantize(ab, v.Bins(points), 10, 5)
		v.ViewOf(lab.Slice(2, 0, 1).AddConst(-50)).TargetValue("bins", bins).TargetValue("weights", weights).TargetValue("ab", ab)
	})
	if _, d := out(t, p, "views.0"); !slices.Equal(d, []int{2, 16, 16, 1}) {
		t.Fatalf("views %v", d)
	}
	bins, d := out(t, p, "target.bins")
	weights, _ := out(t, p, "target.weights")
	ab, _ := out(t, p, "target.ab")
	if !slices.Equal(d, []int{2, 4, 4, 10}) {
		t.Fatalf("bins %v", d)
	}
	for i := range len(ab) / 2 {
		nearest := points[int(bins[10*i])]
		if math.Abs(nearest[0]-ab[2*i]) > 5 || math.Abs(nearest[1]-ab[2*i+1]) > 5 {
			t.Errorf("%v is coded by %v", ab[2*i:2*i+2], nearest)
		}
		sum := 0.0
		for _, w := range weights[10*i:][:10] {
			sum += w
		}
		if math.Abs(sum-1) > 1e-5 || weights[10*i] < weights[10*i+9] {
			t.Errorf("weights %v", weights[10*i:][:10])
		}
	}
}

// Masks hide as many cells as asked, and what is hidden has the fill.
func TestMasks(t *testing.T) {
	const n = 60
	p := look(t, noise(n, 28, 28), 28, nil, func(v *sdk.Views) {
		img := v.Crop(v.Image())
		blocks := v.BlockMask(14, 14, v.Scalar(75).Int(), sdk.Blocks{Min: 16, MinRatio: 0.3})
		v.ViewOf(v.Hidden(img.Float(), blocks, -1, -2, -3)).
			TargetValue("random", v.PatchMask(14, 14, 147)).
			TargetValue("blocks", blocks).
			TargetValue("hole", v.CenterMask(28, 28, 14, 14)).
			TargetValue("regions", v.RegionMask(28, 28, 0.2, 0.25, 0.2, 0.3)).
			TargetValue("plain", img.Float())
	})
	count := func(name string, size int, low, high float64) [][]float64 {
		t.Helper()
		x, _ := out(t, p, "target."+name)
		var list [][]float64
		for i := range n {
			m, sum := x[i*size:][:size], 0.0
			for _, v := range m {
				sum += v
			}
			if sum < low || sum > high {
				t.Errorf("%s of sample %d hides %v", name, i, sum)
			}
			list = append(list, m)
		}
		return list
	}
	count("random", 196, 147, 147)
	count("hole", 784, 196, 196)
	count("regions", 784, 0.2*784, 0.3*784)
	masks := count("blocks", 196, 75, 75)
	x, _ := out(t, p, "views.0")
	plain, _ := out(t, p, "target.plain")
	for s := range n {
		for i := range 784 {
			for ch := range 3 {
				want := plain[(s*784+i)*3+ch]
				if masks[s][i/28/2*14+i%28/2] == 1 {
					want = float64(-1 - ch)
				}
				if got := x[(s*784+i)*3+ch]; got != want {
					t.Fatalf("sample %d, pixel %d, channel %d: %v, want %v", s, i, ch, got, want)
				}
			}
		}
	}
}

// I-JEPA (Assran et al. 2023): blocks whose size is the same for the batch and
// whose places are each image's own; the context is what the targets leave of its block.
func TestBlocksOfABatch(t *testing.T) {
	const n = 20
	p := look(t, noise(n, 8, 8), 8, nil, func(v *sdk.Views) {
		h, w := v.BlockSize(14, 14, v.ForBatch(func() sdk.Value { return v.Uniform(0, 1) }), 0.15, 0.2, 0.75, 1.5)
		ch, cw := v.BlockSize(14, 14, v.ForBatch(func() sdk.Value { return v.Uniform(0, 1) }), 0.85, 1, 1, 1)
		context := v.Block(14, 14, ch, cw)
		var targets []sdk.Value
		for range 4 {
			m := v.Block(14, 14, h, w)
			targets = append(targets, m)
			context = context.And(m.Not())
		}
		v.View(v.Crop(v.Image())).TargetValue("targets", v.Stack(0, targets...)).TargetValue("context", context)
	})
	targets, d := out(t, p, "target.targets")
	context, _ := out(t, p, "target.context")
	if !slices.Equal(d, []int{n, 4, 14, 14}) {
		t.Fatalf("targets %v", d)
	}
	sizes, places := map[float64]bool{}, map[string]bool{}
	for i := range 4 * n {
		m, sum := targets[i*196:][:196], 0.0
		for j, v := range m {
			sum += v
			if v == 1 && context[i/4*196+j] == 1 {
				t.Fatalf("the context of sample %d sees its target", i/4)
			}
		}
		sizes[sum], places[fmt.Sprint(m)] = true, true
		if sum < 0.12*196 || sum > 0.23*196 {
			t.Errorf("a block of %v cells", sum)
		}
	}
	if len(sizes) != 1 || len(places) < 30 {
		t.Errorf("%d sizes and %d places", len(sizes), len(places))
	}
}

// Denoising (Vincent et al. 2008): three corruptions, each as often and as strong as asked.
func TestNoise(t *testing.T) {
	const n = 6
	p := look(t, noise(n, 40, 40), 40, nil, func(v *sdk.Views) {
		x := v.Crop(v.Image()).Float()
		v.ViewOf(v.GaussianNoise(x, 0.2)).TargetValue("clean", x)
		v.ViewOf(v.MaskingNoise(x, 0.25))
		v.ViewOf(v.SaltAndPepper(x, 0.1, 0, 1))
	})
	x, _ := out(t, p, "views.0")
	clean, _ := out(t, p, "target.clean")
	size := len(clean)
	var square, masked, salt, pepper float64
	for i, c := range clean {
		d := x[i] - c
		square += d * d
		if x[size+i] != c {
			masked++
			if x[size+i] != 0 {
				t.Fatal("masking noise is not 0")
			}
		}
		if v := x[2*size+i]; v != c && v == 1 {
			salt++
		} else if v != c && v == 0 {
			pepper++
		} else if v != c {
			t.Fatalf("salt and pepper of %v", v)
		}
	}
	for name, got := range map[string][2]float64{"deviation": {math.Sqrt(square / float64(size)), 0.2}, "masked": {masked / float64(size), 0.25 * 255 / 256},
		"salt": {salt / float64(size), 0.05 * 255 / 256}, "pepper": {pepper / float64(size), 0.05 * 255 / 256}} {
		if math.Abs(got[0]-got[1]) > 0.006 {
			t.Errorf("%s is %v, want %v", name, got[0], got[1])
		}
	}
}

// Two cuts of one rectangle show the same place (BEiT's picture for the model and
// for its tokenizer).
func TestTwoCutsOfOnePlace(t *testing.T) {
	p := look(t, noise(3, 32, 32), 32, nil, func(v *sdk.Views) {
		img := v.Image()
		r := v.Rect(img)
		v.View(v.Cut(img, r, 32, 32, sdk.Bicubic))
		v.View(v.Cut(img, r, 16, 16, sdk.Lanczos))
	})
	a, _ := out(t, p, "views.0")
	b, d := out(t, p, "views.1")
	if !slices.Equal(d, []int{3, 16, 16, 3}) {
		t.Fatal(d)
	}
	var sa, sb float64
	for _, v := range a {
		sa += v / float64(len(a))
	}
	for _, v := range b {
		sb += v / float64(len(b))
	}
	if math.Abs(sa-sb) > 0.01 {
		t.Errorf("means %v and %v", sa, sb)
	}
}

// A colour projected along the axis from green to magenta has no part of it left.
func TestProjectedColours(t *testing.T) {
	p := look(t, noise(2, 9, 9), 9, nil, func(v *sdk.Views) { v.ViewOf(v.WithoutGreenMagenta(v.Crop(v.Image()).Float())) })
	x, _ := out(t, p, "views.0")
	for i := 0; i < len(x); i += 3 {
		if along := -x[i] + 2*x[i+1] - x[i+2]; math.Abs(along) > 1e-5 {
			t.Fatalf("pixel %v", x[i:i+3])
		}
	}
}

// What an author gets wrong is said with the author's line.
func TestMistakesInViews(t *testing.T) {
	for want, f := range map[string]task{
		"a tile of 9 pixels and a jitter of 1 do not fit a cell of 9 x 9": func(v *sdk.Views) { v.Crop(v.Image()).Tiles(3, 3, 9, 1) },
		"197 of 196 cells cannot be masked":                               func(v *sdk.Views) { v.PatchMask(14, 14, 197) },
		"a mask of bool[5,5] does not divide 27 x 27 pixels": func(v *sdk.Views) {
			v.Hidden(v.Crop(v.Image()).Float(), v.PatchMask(5, 5, 1), 0)
		},
		"fill: expected one number or 3, found 2":        func(v *sdk.Views) { v.Hidden(v.Crop(v.Image()).Float(), v.PatchMask(9, 9, 1), 0, 1) },
		"a table with rows of 2 and of 1 elements":       func(v *sdk.Views) { v.Table([][]int{{1, 2}, {3}}) },
		"a choice among no pictures":                     func(v *sdk.Views) { v.Choose(v.Intn(1)) },
		"t/task: parameter tile: expected less than 27":  func(v *sdk.Views) { v.Refuse("tile", "expected less than 27") },
		"expected rows f32[...,D], a table f32[Q,D] and": func(v *sdk.Views) { v.SoftQuantize(v.Uniform(0, 1, 4, 3), v.Bins([][]float64{{1, 2}}), 1, 1) },
	} {
		_, err := try(noise(1, 27, 27), 27, nil, func(v *sdk.Views) {
			f(v)
			v.View(v.Crop(v.Image()))
		})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "views_test.go") && !strings.Contains(want, "parameter") {
			t.Errorf("expected %q, found %v", want, err)
		}
	}
}
