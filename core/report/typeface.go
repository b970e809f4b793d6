package report

import (
	"image"
	"image/color"
	"image/draw"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// typeface is the type of a sheet, in three sizes.
type typeface struct{ title, text, small face }

type face struct{ font.Face }

func newTypeface(px int) (*typeface, error) {
	t := &typeface{}
	for _, f := range []struct {
		to   *face
		data []byte
		size int
	}{{&t.title, gobold.TTF, titleSize}, {&t.text, goregular.TTF, textSize}, {&t.small, goregular.TTF, smallSize}} {
		parsed, err := opentype.Parse(f.data)
		if err != nil {
			return nil, err
		}
		if f.to.Face, err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: float64(f.size * px), DPI: 72}); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (f face) width(s string) int { return font.MeasureString(f, s).Ceil() }

// draw writes s with its top left corner at (x, y), cut to width.
func (f face) draw(dst draw.Image, s string, x, y, width int, c color.Color) {
	d := font.Drawer{Dst: dst, Src: image.NewUniform(c), Face: f.Face}
	d.Dot = fixed.P(x, y+f.Metrics().Ascent.Ceil())
	d.DrawString(f.fit(s, width))
}

// fit is s, or as much of its start as width holds, with an ellipsis.
func (f face) fit(s string, width int) string {
	if f.width(s) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 0; n-- {
		if t := strings.TrimRight(string(runes[:n]), " ") + "…"; f.width(t) <= width {
			return t
		}
	}
	return ""
}

// wrap breaks s into lines at spaces.
func (f face) wrap(s string, width int) []string {
	var lines []string
	line := ""
	for _, w := range strings.Fields(s) {
		if line != "" && f.width(line+" "+w) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
