package sdk_test

import (
	"math"
	"testing"

	"github.com/fwlab/fw/sdk"
)

// Colours come back from CIE L*a*b* within a level.
func TestLabToRGBUndoesLab(t *testing.T) {
	p := look(t, noise(2, 16, 16), 16, nil, func(v *sdk.Views) {
		img := v.Crop(v.Image())
		v.ViewOf(sdk.LabToRGB(img.Lab())).TargetValue("plain", img.Float())
	})
	x, _ := out(t, p, "views.0")
	plain, _ := out(t, p, "target.plain")
	for i := range x {
		if math.Abs(x[i]-plain[i]) > 0.5/255 {
			t.Fatalf("element %d is %v, of %v", i, x[i], plain[i])
		}
	}
}

// A mosaic has the tiles row by row, each with a line below and to its right.
func TestMosaic(t *testing.T) {
	p := look(t, noise(1, 6, 6), 6, nil, func(v *sdk.Views) {
		img := v.Crop(v.Image())
		var tiles []sdk.Value
		for _, m := range img.Tiles(2, 2, 3, 0) {
			tiles = append(tiles, m.Float())
		}
		v.ViewOf(sdk.Mosaic(v.Stack(0, tiles...).ExpandDims(0)).Reshape(8, 8, 3)).TargetValue("plain", img.Float())
	})
	x, _ := out(t, p, "views.0")
	plain, _ := out(t, p, "target.plain")
	for y := range 8 {
		for at := range 8 {
			for c := range 3 {
				want := 0.0
				if y%4 < 3 && at%4 < 3 {
					want = plain[((y/4*3+y%4)*6+at/4*3+at%4)*3+c]
				}
				if got := x[(y*8+at)*3+c]; got != want {
					t.Fatalf("row %d, column %d, channel %d: %v, want %v", y, at, c, got, want)
				}
			}
		}
	}
}

// Channels are cut from as far off as asked, each by itself.
func TestChannelsApart(t *testing.T) {
	const n, size, apart = 40, 9, 3
	p := look(t, noise(n, size, size), size, nil, func(v *sdk.Views) {
		x := v.Crop(v.Image()).Float()
		v.ViewOf(v.ChannelsApart(x, v.Table([][]int{{2, 1}}).Reshape(2), 4, 4, apart)).TargetValue("plain", x)
	})
	x, _ := out(t, p, "views.0")
	plain, _ := out(t, p, "target.plain")
	seen := map[[2]int]bool{}
	together := 0
	for s := range n {
		var places [3][2]int
		for c := range 3 {
			found := false
			for y := 2; y <= 2+apart; y++ {
				for at := 1; at <= 1+apart; at++ {
					same := true
					for i := range 16 {
						same = same && x[((s*4+i/4)*4+i%4)*3+c] == plain[((s*size+y+i/4)*size+at+i%4)*3+c]
					}
					if same {
						found, places[c] = true, [2]int{y, at}
						seen[places[c]] = true
					}
				}
			}
			if !found {
				t.Fatalf("sample %d, channel %d is from elsewhere", s, c)
			}
		}
		if places[0] == places[1] && places[1] == places[2] {
			together++
		}
	}
	if len(seen) != 16 || together > 4 {
		t.Errorf("%d of 16 places; %d of %d pictures have their channels together", len(seen), together, n)
	}
}
