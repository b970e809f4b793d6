// Package chart owns line charts as SVG: text that goes into a page, takes its
// colours from the page's CSS, and needs nothing from anywhere. Start from
// [Chart].
package chart

import (
	"encoding/json"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// Chart is a set of lines over one x axis.
type Chart struct {
	Label   string // what is seen, for screen readers
	XName   string // "epoch"
	Unit    string // behind y values, " %"
	Series  []Series
	Levels  []Level
	Include []float64 // y values kept in view
	// Value writes a value without its unit; nil gives four significant digits.
	Value func(v float64) string
}

// Series is one line. X must not fall.
type Series struct {
	Name string
	X, Y []float64
	Dots bool // mark every point: for few points
}

// Level is a horizontal line to compare with.
type Level struct {
	Name string
	Y    float64
}

// Measures in the units of the viewBox, about one pixel each.
const (
	width, height = 560, 250
	left, top     = 54, 14
	bottom        = 34
	labelWidth    = 116 // of names at the right
	noLabelWidth  = 64  // of values alone
	labelLine     = 14
	maxPoints     = 300
)

// frame maps values to places.
type frame struct {
	x0, x1, y0, y1       float64 // values at the edges
	l, t, w, h           float64 // the plot's place
	xTicks, yTicks       []float64
	xDecimals, yDecimals int
}

func (f frame) x(v float64) float64 { return f.l + f.w*(v-f.x0)/(f.x1-f.x0) }
func (f frame) y(v float64) float64 { return f.t + f.h*(f.y1-v)/(f.y1-f.y0) }

// SVG draws the chart; "" if there is no finite point.
func (c Chart) SVG() string {
	if c.Value == nil {
		c.Value = func(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
	}
	lines := make([]reduced, len(c.Series))
	for i, s := range c.Series {
		lines[i] = reduce(s, maxPoints)
	}
	f, ok := c.frame(lines)
	if !ok {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="chart" viewBox="0 0 %d %d" role="img" aria-label="%s" data-chart="%s">`, width, height, html.EscapeString(c.Label), html.EscapeString(c.data(f, lines)))
	c.axes(&b, f)
	for _, l := range c.Levels {
		if finite(l.Y) {
			fmt.Fprintf(&b, `<line class="level" x1="%s" x2="%s" y1="%s" y2="%s"/>`, num(f.l), num(f.l+f.w), num(f.y(l.Y)), num(f.y(l.Y)))
		}
	}
	for i, l := range lines {
		l.draw(&b, f, i+1, c.Series[i].Dots)
	}
	c.labels(&b, f, lines)
	b.WriteString("</svg>")
	return b.String()
}

func (c Chart) frame(lines []reduced) (frame, bool) {
	x0, x1, y0, y1 := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	points := false
	for _, l := range lines {
		for _, p := range l.points {
			if p.gap {
				continue
			}
			points = true
			x0, x1 = min(x0, p.x), max(x1, p.x)
			y0, y1 = min(y0, p.low), max(y1, p.high)
		}
	}
	if !points {
		return frame{}, false
	}
	for _, v := range append(levels(c.Levels), c.Include...) {
		if finite(v) {
			y0, y1 = min(y0, v), max(y1, v)
		}
	}
	w := float64(width - left - noLabelWidth)
	if len(c.Levels) > 0 || len(c.Series) > 1 {
		w = width - left - labelWidth
	}
	f := frame{l: left, t: top, w: w, h: height - top - bottom}
	if x0 == x1 {
		x0, x1 = x0-1, x1+1
	} else if x0 > 0 && x0 < 0.2*x1 {
		x0 = 0
	}
	f.x0, f.x1 = x0, x1
	f.xTicks, f.xDecimals = ticks(x0, x1, 6)
	if y0 == y1 {
		pad := max(math.Abs(y0)*0.1, 1e-9)
		y0, y1 = y0-pad, y1+pad
	}
	pad := 0.04 * (y1 - y0)
	f.y0, f.y1 = y0-pad, y1+pad
	if y0 >= 0 && f.y0 < 0 {
		f.y0 = 0
	}
	f.yTicks, f.yDecimals = ticks(f.y0, f.y1, 5)
	return f, finite(f.x1-f.x0) && finite(f.y1-f.y0)
}

func levels(l []Level) []float64 {
	out := make([]float64, len(l))
	for i := range l {
		out[i] = l[i].Y
	}
	return out
}

func (c Chart) axes(b *strings.Builder, f frame) {
	for _, v := range f.yTicks {
		y := num(f.y(v))
		fmt.Fprintf(b, `<line class="grid" x1="%s" x2="%s" y1="%s" y2="%s"/>`, num(f.l), num(f.l+f.w), y, y)
		fmt.Fprintf(b, `<text class="tick" x="%s" y="%s" dy="0.32em" text-anchor="end">%s</text>`, num(f.l-8), y, axisNumber(v, f.yDecimals))
	}
	fmt.Fprintf(b, `<line class="axis" x1="%s" x2="%s" y1="%s" y2="%s"/>`, num(f.l), num(f.l+f.w), num(f.t+f.h), num(f.t+f.h))
	for _, v := range f.xTicks {
		fmt.Fprintf(b, `<text class="tick" x="%s" y="%s" text-anchor="middle">%s</text>`, num(f.x(v)), num(f.t+f.h+16), axisNumber(v, f.xDecimals))
	}
	fmt.Fprintf(b, `<text class="tick" x="%s" y="%s" text-anchor="start">%s</text>`, num(f.l+f.w+18), num(f.t+f.h+16), html.EscapeString(c.XName))
}

// data is what the page's script needs to say the values under the pointer.
func (c Chart) data(f frame, lines []reduced) string {
	type line struct {
		Name string       `json:"name"`
		P    [][2]float64 `json:"p"`
	}
	d := struct {
		X     string     `json:"x"`
		Unit  string     `json:"unit"`
		Plot  [4]float64 `json:"plot"`
		Range [4]float64 `json:"range"`
		Lines []line     `json:"lines"`
	}{X: c.XName, Unit: c.Unit, Plot: [4]float64{f.l, f.t, f.w, f.h}, Range: [4]float64{sig(f.x0), sig(f.x1), sig(f.y0), sig(f.y1)}}
	for i, l := range lines {
		out := line{Name: c.Series[i].Name, P: [][2]float64{}}
		for _, p := range l.points {
			if !p.gap {
				out.P = append(out.P, [2]float64{sig(p.x), sig(p.y)})
			}
		}
		d.Lines = append(d.Lines, out)
	}
	data, err := json.Marshal(d)
	if err != nil {
		panic("chart: " + err.Error()) // every value is finite
	}
	return string(data)
}
