// Package relativeposition is context prediction (Doersch et al. 2015, "Unsupervised
// Visual Representation Learning by Context Prediction").
package relativeposition

import "github.com/fwlab/fw/sdk"

type relativePosition struct {
	tiles  sdk.TileGrid
	chroma string
	coarse float64
	rms    bool
	hidden int
}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &relativePosition{}
	p := sdk.Pretext("fw/relative-position", "1.0.0", "classify", t).
		Doc("at which of eight places around one tile of an image does another lie? (Doersch et al. 2015)").
		Defaults("fw/cross-entropy", "fw/random-crop", "")
	t.tiles.Declare(p, sdk.Published{Cell: 144, Tile: 96, Jitter: 14})
	p.String(&t.chroma, "chroma", "drop", "against aberration of the lens, which tells places: drop all but one channel of each tile, project the axis from green to magenta away, or keep", sdk.OneOf("drop", "project", "keep"))
	p.Float(&t.coarse, "coarse", 0.33, "probability that a tile is made smaller and large again, down to about a hundredth of its pixels", sdk.Between(0, 1))
	p.Bool(&t.rms, "rms", true, "divide each tile by its root mean square")
	p.Int(&t.hidden, "hidden", 4096, "width of the layer over two tiles", sdk.AtLeast(1))
	return p
}

// middle is the tile that the eight others are around.
const middle = 4

func (t *relativePosition) Views(v *sdk.Views) {
	img := v.Augment(v.Crop(v.Image()))
	corners, size := t.tiles.Corners(v, v.Size())
	blurs := v.Constant(sdk.Dims(sides, size, size), coarseness(size))
	channels := v.Explain("channels", v.Intn(v.Channels(), len(corners)))
	var tiles []sdk.Value
	for i, corner := range corners {
		tile := img.WindowFrom(corner, size, size).Float()
		if t.coarse > 0 {
			tile = v.Bernoulli(t.coarse).Where(resampled(v, tile, blurs), tile)
		}
		switch {
		case t.chroma == "drop":
			tile = v.OneChannel(tile, channels.Slice(0, i, i+1).Reshape())
		case t.chroma == "project" && v.Channels() == 3:
			tile = v.WithoutGreenMagenta(tile)
		}
		if t.rms {
			tile = tile.Div(tile.Square().Mean().Sqrt().MaxConst(1e-6))
		}
		tiles = append(tiles, tile)
	}
	v.ViewOf(v.Stack(0, tiles...)) // f32[9,s,s,C]
}

// Objective runs each tile through the network once and asks for all eight places, in
// the order 0 1 2 / 3 - 4 / 5 6 7.
func (t *relativePosition) Objective(s *sdk.Step) sdk.Value {
	tiles := s.View(0) // f32[B,9,s,s,C]
	b, size := tiles.Dim(0), tiles.Dim(2)
	h := s.Backbone().Pooled().Apply(tiles.Reshape(b*9, size, size, -1)).Reshape(b, 9, -1)
	center, around := parts(h)
	pairs := s.Concat(2, center.BroadcastTo(b, 8, h.Dim(2)), around).Reshape(b*8, -1)
	// The batch normalisation has neither scale nor offset, so that no unit dies.
	head := sdk.Chain(sdk.Linear("head.0", t.hidden, false), sdk.BatchNorm("head.1", true, false), sdk.Relu, sdk.Linear("head.3", 8, true))
	logits := head.Apply(pairs) // f32[B*8,8]
	place := s.Iota(8).BroadcastTo(b, 8).Reshape(b * 8)

	guess := logits.ArgMax(1)
	s.Metric("train/pretext_top1", guess.Eq(place).Float().Mean().Scale(100))
	s.Picture("as predicted", sdk.Mosaic(arranged(tiles, guess.Reshape(b, 8))))
	return s.Loss(logits, place)
}

// parts is the middle one of nine rows f32[B,9,D], and the eight around it.
func parts(x sdk.Value) (center, around sdk.Value) {
	return x.Slice(1, middle, middle+1), x.Builder().Concat(1, x.Slice(1, 0, middle), x.Slice(1, middle+1, 0))
}

// arranged puts the tiles f32[B,9,h,w,C] around the middle where they are guessed to
// lie, i32[B,8]; where several are, their mean.
func arranged(tiles, guess sdk.Value) sdk.Value {
	b, h, w, c := tiles.Dim(0), tiles.Dim(2), tiles.Dim(3), tiles.Dim(4)
	center, around := parts(tiles.Reshape(b, 9, h*w*c))
	at := guess.OneHot(8)                             // [B,tile,place]
	share := at.Div(at.SumKeep(1).MaxConst(1))        // of each place
	placed := share.Transpose(0, 2, 1).MatMul(around) // f32[B,8,h*w*C]
	return tiles.Builder().Concat(1, placed.Slice(1, 0, middle), center, placed.Slice(1, middle, 0)).Reshape(b, 9, h, w, c)
}
