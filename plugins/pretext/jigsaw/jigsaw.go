// Package jigsaw is the jigsaw puzzle (Noroozi & Favaro 2016, "Unsupervised Learning
// of Visual Representations by Solving Jigsaw Puzzles").
package jigsaw

import "github.com/fwlab/fw/sdk"

type jigsaw struct {
	tiles        sdk.TileGrid
	orders       int
	gray         float64
	apart, width int
	standardize  bool
	made         [][]int
}

// places is how many tiles a puzzle has.
const places = 9

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &jigsaw{}
	p := sdk.Pretext("fw/jigsaw", "1.0.0", "classify", t).
		Doc("in which of a fixed set of orders do nine tiles of an image stand? (Noroozi & Favaro 2016)").
		Defaults("fw/cross-entropy", "fw/random-crop", "")
	t.tiles.Declare(p, sdk.Published{Cell: 85, Tile: 64, Jitter: 21})
	p.Int(&t.orders, "permutations", 100, "orders of the tiles, as far apart as can be", sdk.Between(2, 2000))
	p.Float(&t.gray, "gray", 0.3, "probability that an image is seen without colours; 0.66 in later work", sdk.Between(0, 1))
	p.Int(&t.apart, "channels_apart", 2, "pixels by which the channels of a tile in colour are moved at most in any direction, each by itself; 2 for tiles of 64", sdk.AtLeast(0))
	p.Bool(&t.standardize, "standardize", true, "give each tile mean 0 and deviation 1 in each channel")
	p.Int(&t.width, "width", 1000, "features of a tile, of which all nine are joined", sdk.AtLeast(1))
	return p
}

// table is the orders of the tiles, known before the first image is seen.
func (t *jigsaw) table() [][]int {
	if len(t.made) != t.orders {
		t.made = permutations(places, t.orders)
	}
	return t.made
}

func (t *jigsaw) Views(v *sdk.Views) {
	img := v.Augment(v.Crop(v.Image()))
	gray, without := img.Grayscale(), v.Bernoulli(t.gray)
	x := img.Float()
	corners, size := t.tiles.Corners(v, v.Size()-2*t.apart) // the rest is room for the channels
	var tiles []sdk.Value
	for _, corner := range corners {
		still := gray.WindowFrom(corner.AddConst(float64(t.apart)), size, size)
		tile := without.Where(still.Float(), v.ChannelsApart(x, corner, size, size, 2*t.apart))
		if t.standardize {
			tile = v.Standardized(tile, true)
		}
		tiles = append(tiles, tile)
	}
	k := v.Intn(t.orders)
	order := v.Table(t.table()).Take(0, k)
	v.ViewOf(v.Shuffled(order, tiles...)).TargetValue("permutation", k)
}

// Objective runs every tile through the same network, the context-free one of the
// paper, and judges all nine together.
func (t *jigsaw) Objective(s *sdk.Step) sdk.Value {
	tiles := s.View(0) // f32[B,9,s,s,C]
	b, size := tiles.Dim(0), tiles.Dim(2)
	tower := sdk.Chain(s.Backbone().Pooled(), sdk.Hidden("tower", 0, t.width, false))
	h := tower.Apply(tiles.Reshape(b*places, size, size, -1)) // f32[B*9,width]
	logits := sdk.Linear("head", t.orders, true).Apply(h.Reshape(b, places*t.width))

	k, guess := s.Target("permutation"), logits.ArgMax(1)
	s.Metric("train/pretext_top1", guess.Eq(k).Float().Mean().Scale(100))
	s.Picture("as predicted", sdk.Mosaic(t.solved(tiles, guess)))
	return s.Loss(logits, k)
}

// solved puts tiles f32[B,9,...] back where they were, if they stand in orders k i32[B].
func (t *jigsaw) solved(tiles, k sdk.Value) sdk.Value {
	order := sdk.Integers(tiles.Builder(), t.table()).Take(0, k) // place i has tile order[i]
	return tiles.TakeBatched(1, 1, order.ArgSort(1))
}
