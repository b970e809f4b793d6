package report

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	xdraw "golang.org/x/image/draw"
)

// The colours of a sheet.
var (
	paper = color.RGBA{0xfc, 0xfc, 0xfb, 0xff}
	ink   = color.RGBA{0x1b, 0x1b, 0x1a, 0xff}
	muted = color.RGBA{0x5d, 0x5c, 0x58, 0xff}
	good  = color.RGBA{0x0c, 0x8a, 0x3e, 0xff}
	bad   = color.RGBA{0xd0, 0x3b, 0x3b, 0xff}
	// boxColors stay apart on photographs and for colour-blind readers.
	boxColors = []color.RGBA{
		{0xff, 0x9f, 0x1c, 0xff}, {0x2a, 0x9d, 0xf4, 0xff}, {0xe7, 0x45, 0x8b, 0xff},
		{0x1f, 0xc8, 0x9b, 0xff}, {0xf6, 0xe0, 0x3b, 0xff}, {0x9b, 0x6b, 0xf2, 0xff},
	}
)

func boxColor(i int) color.RGBA { return boxColors[((i%len(boxColors))+len(boxColors))%len(boxColors)] }

// canvas draws on a sheet; px is pixels per point.
type canvas struct {
	img *image.RGBA
	px  int
}

func (l *layout) drawCell(c canvas, cell Cell, at image.Point) {
	if cell.Image != nil {
		size := l.shown(cell.Image)
		r := image.Rectangle{at, at.Add(size)}
		c.image(cell.Image, r)
		if cell.Heat != nil {
			c.heat(cell.Heat, r)
		}
		b := cell.Image.Bounds()
		sx, sy := float64(size.X)/float64(b.Dx()), float64(size.Y)/float64(b.Dy())
		for _, box := range cell.Boxes {
			x0, y0 := at.X+pixel(box.X*sx, size.X), at.Y+pixel(box.Y*sy, size.Y)
			x1, y1 := at.X+pixel((box.X+box.W)*sx, size.X), at.Y+pixel((box.Y+box.H)*sy, size.Y)
			c.box(image.Rect(x0, y0, x1, y1), boxColor(box.Color), box.Dashed)
			if box.Label != "" {
				l.chip(c, box.Label, image.Rect(x0, y0, x1, y1), r, boxColor(box.Color))
			}
		}
		c.frame(r, cell.Frame)
	}
	y := at.Y + 3*l.px
	if cell.Image != nil {
		y += l.shown(cell.Image).Y
	}
	for i, text := range l.words(cell) {
		l.fonts.small.draw(c.img, text, at.X, y+i*lineHeight*l.px, l.cellW, muted)
	}
}

// words is the lines below a cell's image.
func (l *layout) words(c Cell) (lines []string) {
	if c.Label != "" {
		lines = append(lines, c.Label)
	}
	for _, n := range c.Notes {
		lines = append(lines, l.fonts.small.wrap(n, l.cellW)...)
	}
	return lines
}

// pixel rounds a coordinate and keeps it within the image; NaN is 0.
func pixel(v float64, limit int) int {
	if !(v > 0) {
		return 0
	}
	return int(math.Round(min(v, float64(limit))))
}

// image draws src over r: enlarged by its nearest pixel, reduced smoothly.
func (c canvas) image(src image.Image, r image.Rectangle) {
	var s xdraw.Scaler = xdraw.NearestNeighbor
	if r.Dx() < src.Bounds().Dx() {
		s = xdraw.CatmullRom
	}
	s.Scale(c.img, r, src, src.Bounds(), draw.Over, nil)
}

// heat lays h over r, half transparent.
func (c canvas) heat(h *Heat, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		v := (float64(y-r.Min.Y)+0.5)*float64(h.H)/float64(r.Dy()) - 0.5
		for x := r.Min.X; x < r.Max.X; x++ {
			u := (float64(x-r.Min.X)+0.5)*float64(h.W)/float64(r.Dx()) - 0.5
			top, under := heatColor(h.at(u, v)), c.img.RGBAAt(x, y)
			const num, den = 6, 11 // the map's share
			mix := func(a, b uint8) uint8 { return uint8((int(a)*num + int(b)*(den-num)) / den) }
			c.img.SetRGBA(x, y, color.RGBA{mix(top.R, under.R), mix(top.G, under.G), mix(top.B, under.B), 0xff})
		}
	}
}

// at is the map's value at column u, row v, bilinearly.
func (h *Heat) at(u, v float64) float64 {
	u, v = min(max(u, 0), float64(h.W-1)), min(max(v, 0), float64(h.H-1))
	x, y := int(u), int(v)
	x1, y1 := min(x+1, h.W-1), min(y+1, h.H-1)
	fx, fy := u-float64(x), v-float64(y)
	get := func(x, y int) float64 { return float64(h.Values[y*h.W+x]) }
	return blend(blend(get(x, y), get(x1, y), fx), blend(get(x, y1), get(x1, y1), fx), fy)
}

// blend rounds each product, so that no processor fuses it into the sum and
// draws another pixel.
func blend(a, b, share float64) float64 { return float64(a*(1-share)) + float64(b*share) }

// heatColor goes from near black through red to pale yellow, brighter at every step.
func heatColor(v float64) color.RGBA {
	stops := [...][3]float64{{8, 6, 40}, {86, 16, 110}, {188, 55, 84}, {249, 142, 9}, {252, 255, 164}}
	if !(v > 0) {
		v = 0
	}
	p := min(v, 1) * float64(len(stops)-1)
	i := min(int(p), len(stops)-2)
	f := p - float64(i)
	mix := func(k int) uint8 { return uint8(blend(stops[i][k], stops[i+1][k], f)) }
	return color.RGBA{mix(0), mix(1), mix(2), 0xff}
}

// box draws a rectangle with a dark line on either side, to be seen on anything.
func (c canvas) box(r image.Rectangle, col color.RGBA, dashed bool) {
	dark := color.RGBA{0, 0, 0, 0xb0}
	c.outline(r, 0, 1, dark, false)
	c.outline(r, 1, c.px, col, dashed)
	c.outline(r, 1+c.px, 1, dark, false)
}

func (c canvas) frame(r image.Rectangle, f Frame) {
	switch f {
	case Plain:
		c.outline(r, -2*c.px, 2*c.px, ink, false)
	case Same:
		c.outline(r, -2*c.px, 2*c.px, good, false)
	case Other:
		c.outline(r, -2*c.px, 2*c.px, bad, true)
	}
}

// outline draws lines of a width along the inner edge of r, inset by inset.
func (c canvas) outline(r image.Rectangle, inset, width int, col color.RGBA, dashed bool) {
	r = r.Inset(inset)
	if r.Dx() < 2*width || r.Dy() < 2*width {
		return
	}
	src := image.NewUniform(color.NRGBA(col))
	dash := 4 * c.px
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			horizontal := y < r.Min.Y+width || y >= r.Max.Y-width
			if !horizontal && x == r.Min.X+width {
				x = r.Max.X - width
			}
			along := y - r.Min.Y
			if horizontal {
				along = x - r.Min.X
			}
			if dashed && along/dash%2 == 1 {
				continue
			}
			draw.Draw(c.img, image.Rect(x, y, x+1, y+1), src, image.Point{}, draw.Over)
		}
	}
}

// chip writes a box's label into its corner, kept within the image.
func (l *layout) chip(c canvas, text string, box, within image.Rectangle, col color.RGBA) {
	pad := 2 * l.px
	text = l.fonts.small.fit(text, within.Dx()-2*pad)
	w, h := l.fonts.small.width(text)+2*pad, (smallSize+3)*l.px
	x, y := min(box.Min.X, within.Max.X-w), min(box.Min.Y, within.Max.Y-h)
	r := image.Rect(x, y, x+w, y+h).Intersect(within)
	draw.Draw(c.img, r, image.NewUniform(col), image.Point{}, draw.Src)
	l.fonts.small.draw(c.img, text, x+pad, y, w, color.Black)
}
