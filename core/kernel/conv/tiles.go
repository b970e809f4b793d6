package conv

import "github.com/fwlab/fw/core/kernel/gemm/tile"

// placed is a tile of output pixels: where its rows go, and for each block of
// taps which segments they see. It stands for as many of its rows as are live.
type placed struct {
	off   tile.Offsets
	rows  int
	start int     // its first row's number among those that may be live
	first []int32 // segments of tap block t are first[t]..first[t+1]
}

// layout is the tiles of one unit of work, such as a few images, at offsets
// from the unit's place in source and output.
type layout struct {
	tiles []placed
	segs  []tile.Seg
}

// pixel is one of a unit: an image of the unit and a pixel of the image.
type pixel struct{ image, at int }

// add appends a tile of the pixels. bytes says where a tap sees a pixel's
// source, or -1; outBytes where its output goes. Segments that no pixel sees are
// left out, so that padding costs nothing where it covers a whole tile.
func (l *layout) add(pixels []pixel, start int, blocks []int, step int, bytes func(p pixel, tap int) int, outBytes func(p pixel) int) {
	t := placed{rows: len(pixels), start: start}
	for i, p := range pixels {
		t.off[i] = int32(outBytes(p))
	}
	for b := range len(blocks) - 1 {
		t.first = append(t.first, int32(len(l.segs)))
		for tap := blocks[b]; tap < blocks[b+1]; tap++ {
			seg := tile.Seg{B: int32((tap - blocks[b]) * step)}
			for i := range seg.Row {
				seg.Row[i] = -1
			}
			seen := false
			for i, p := range pixels {
				if at := bytes(p, tap); at >= 0 {
					seg.Row[i], seen = int32(at), true
				}
			}
			if seen {
				l.segs = append(l.segs, seg)
			}
		}
	}
	t.first = append(t.first, int32(len(l.segs)))
	l.tiles = append(l.tiles, t)
}

// live is the number of rows of t that exist if count may.
func (t *placed) live(count int) int { return min(t.rows, count-t.start) }
