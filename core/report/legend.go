package report

import "image"

const swatch = 14 // points

// legendAt calls f for each key with its place, from (x, y) on, and returns the lines taken.
func (l *layout) legendAt(x, y int, f func(k Key, at image.Point)) int {
	left, lines := x, 1
	for _, k := range l.Legend {
		w := (swatch+6)*l.px + l.fonts.small.width(k.Text) + 14*l.px
		if x > left && x+w > l.width-margin*l.px {
			x, y, lines = left, y+lineHeight*l.px, lines+1
		}
		f(k, image.Pt(x, y))
		x += w
	}
	return lines
}

func (l *layout) legendLines() int {
	return l.legendAt(margin*l.px, 0, func(Key, image.Point) {})
}

func (l *layout) drawLegend(c canvas, x, y int) {
	l.legendAt(x, y, func(k Key, at image.Point) {
		r := image.Rect(at.X, at.Y+2*l.px, at.X+swatch*l.px, at.Y+(2+swatch*3/4)*l.px)
		if k.Frame != NoFrame {
			c.frame(r.Inset(2*l.px), k.Frame)
		} else {
			c.box(r, boxColor(k.Color), k.Dashed)
		}
		l.fonts.small.draw(c.img, k.Text, at.X+(swatch+6)*l.px, at.Y, l.width, muted)
	})
}
