package mask

import (
	"bytes"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/rng"
)

// twin is BEiT's masking_generator.py step by step over the same draws; it
// returns the mask before single cells fill it.
func twin(h, w, count int, l Limits, k *rng.Stream) (m [][]bool, masked int) {
	m = make([][]bool, h)
	for y := range m {
		m[y] = make([]bool, w)
	}
	for masked < count {
		most := count - masked
		if l.Max > 0 && l.Max < most {
			most = l.Max
		}
		delta := 0
		for range 10 {
			area := k.Uniform(float64(l.Min), float64(most))
			ratio := math.Exp(k.Uniform(math.Log(l.MinRatio), -math.Log(l.MinRatio)))
			bh, bw := int(math.RoundToEven(math.Sqrt(area*ratio))), int(math.RoundToEven(math.Sqrt(area/ratio)))
			if bh < 1 || bw < 1 || bw >= w || bh >= h {
				continue
			}
			top, left := k.Intn(h-bh+1), k.Intn(w-bw+1)
			overlap := 0
			for y := top; y < top+bh; y++ {
				for x := left; x < left+bw; x++ {
					if m[y][x] {
						overlap++
					}
				}
			}
			if fresh := bh*bw - overlap; fresh <= 0 || fresh > most {
				continue
			}
			for y := top; y < top+bh; y++ {
				for x := left; x < left+bw; x++ {
					if !m[y][x] {
						m[y][x] = true
						delta++
					}
				}
			}
			break
		}
		if delta == 0 {
			break
		}
		masked += delta
	}
	return m, masked
}

// Every mask has exactly its count, holds its twin's blocks, and is the twin's
// where those are enough; cells beyond are few.
func TestBlocksEqualTheirTwin(t *testing.T) {
	exact, singles := 0, 0
	const n = 3000
	for i := range n {
		m := make([]uint8, 196)
		a := rng.New(uint64(i)).Stream()
		b := a
		Blocks(m, 14, 14, 75, Limits{Min: 16, MinRatio: 0.3}, &a)
		want, masked := twin(14, 14, 75, Limits{Min: 16, MinRatio: 0.3}, &b)
		for y, row := range want {
			for x, v := range row {
				if v && m[14*y+x] == 0 {
					t.Fatalf("key %d: cell %d, %d is free", i, y, x)
				}
			}
		}
		if got := bytes.Count(m, []byte{1}); got != 75 {
			t.Fatalf("key %d: %d cells", i, got)
		}
		if singles += 75 - masked; masked == 75 {
			exact++
		}
	}
	t.Logf("%d of %d masks need no single cells, of which there are %.2f each", exact, n, float64(singles)/n)
	if exact < n/2 || singles > 3*n {
		t.Errorf("%d of %d masks are exact; %d single cells", exact, n, singles)
	}
}

func TestBlocksOfAnyKind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, w := rapid.IntRange(1, 20).Draw(t, "h"), rapid.IntRange(1, 20).Draw(t, "w")
		count := rapid.IntRange(0, h*w).Draw(t, "count")
		l := Limits{Min: rapid.IntRange(1, 40).Draw(t, "min"), MinRatio: rapid.Float64Range(0.01, 1).Draw(t, "ratio")}
		if rapid.Bool().Draw(t, "limited") {
			l.Max = l.Min + rapid.IntRange(0, 10).Draw(t, "more")
		}
		m := bytes.Repeat([]byte{1}, h*w) // what was there before does not matter
		k := rng.New(rapid.Uint64().Draw(t, "key")).Stream()
		Blocks(m, h, w, count, l, &k)
		if ones, zeros := bytes.Count(m, []byte{1}), bytes.Count(m, []byte{0}); ones != count || ones+zeros != h*w {
			t.Fatalf("%d ones and %d zeros of %d, want %d ones", ones, zeros, h*w, count)
		}
	})
}

// Regions have their share, and the lower the scale the fewer edges they have.
func TestRegions(t *testing.T) {
	edges := func(scale, density float64) (n int) {
		for i := range 40 {
			m := make([]uint8, 64*64)
			k := rng.New(uint64(i)).Stream()
			Regions(m, 64, 64, Texture{scale, density, 0.2, 0.3}, &k)
			if share := float64(bytes.Count(m, []byte{1})) / 4096; share < 0.2 || share > 0.3 {
				t.Errorf("scale %v, key %d: a share of %v", scale, i, share)
			}
			for j := 1; j < len(m); j++ {
				if j%64 > 0 && m[j] != m[j-1] {
					n++
				}
			}
		}
		return n
	}
	if coarse, fine := edges(0.06, 0.25), edges(0.5, 0.3); coarse*3 > fine {
		t.Errorf("%d edges of coarse regions, %d of fine ones", coarse, fine)
	}
}

// A share that cannot be met gives the nearest that was found rather than none.
func TestRegionsWithoutAnAnswer(t *testing.T) {
	m := make([]uint8, 9)
	k := rng.New(1).Stream()
	Regions(m, 3, 3, Texture{1, 0.5, 0.99, 1}, &k)
	if n := bytes.Count(m, []byte{1}); n < 5 {
		t.Errorf("%d of 9 cells, though as many as possible were asked for", n)
	}
}
