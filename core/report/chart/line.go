package chart

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// reduced is a series with few enough points for a page.
type reduced struct {
	points []point
	band   bool // points stand for more than one value each
}

// point is the mean of a run of values, with their range; a gap stands where a
// value was not finite.
type point struct {
	x, y, low, high float64
	gap             bool
}

// reduce averages runs of values, so that at most limit points are left.
func reduce(s Series, limit int) reduced {
	n := min(len(s.X), len(s.Y))
	run := (n + limit - 1) / limit
	r := reduced{band: run > 1}
	for at := 0; at < n; at += max(run, 1) {
		p := point{low: math.Inf(1), high: math.Inf(-1)}
		end := min(at+run, n)
		for i := at; i < end; i++ {
			if !finite(s.X[i]) || !finite(s.Y[i]) {
				p.gap = true
				break
			}
			k := float64(end - at)
			p.x, p.y = p.x+s.X[i]/k, p.y+s.Y[i]/k
			p.low, p.high = min(p.low, s.Y[i]), max(p.high, s.Y[i])
		}
		r.points = append(r.points, p)
	}
	return r
}

func (r reduced) draw(b *strings.Builder, f frame, class int, dots bool) {
	for _, part := range r.parts() {
		if r.band && len(part) > 1 {
			fmt.Fprintf(b, `<path class="band s%d" d="`, class)
			for i, p := range part {
				command(b, i, f.x(p.x), f.y(p.high))
			}
			for i, p := range slices.Backward(part) {
				command(b, i+1, f.x(p.x), f.y(p.low))
			}
			b.WriteString(`Z"/>`)
		}
		if len(part) > 1 {
			fmt.Fprintf(b, `<path class="line s%d" d="`, class)
			for i, p := range part {
				command(b, i, f.x(p.x), f.y(p.y))
			}
			b.WriteString(`"/>`)
		}
		for i, p := range part {
			if dots && len(r.points) <= 60 || len(part) == 1 || i == len(part)-1 && p == r.last() {
				fmt.Fprintf(b, `<circle class="dot s%d" cx="%s" cy="%s" r="%s"/>`, class, num(f.x(p.x)), num(f.y(p.y)), dotSize(dots && p != r.last()))
			}
		}
	}
}

func dotSize(small bool) string {
	if small {
		return "2.6"
	}
	return "4"
}

// parts are the runs of points between gaps.
func (r reduced) parts() [][]point {
	var parts [][]point
	var part []point
	for _, p := range append(slices.Clone(r.points), point{gap: true}) {
		if !p.gap {
			part = append(part, p)
		} else if len(part) > 0 {
			parts, part = append(parts, part), nil
		}
	}
	return parts
}

// last is the last point that is not a gap.
func (r reduced) last() point {
	for _, p := range slices.Backward(r.points) {
		if !p.gap {
			return p
		}
	}
	return point{gap: true}
}

func command(b *strings.Builder, i int, x, y float64) {
	letter := byte('L')
	if i == 0 {
		letter = 'M'
	}
	b.WriteByte(letter)
	b.WriteString(num(x))
	b.WriteByte(' ')
	b.WriteString(num(y))
}

// labels names the last value of each line and each level at the right, moved
// apart where they would overlap.
func (c Chart) labels(b *strings.Builder, f frame, lines []reduced) {
	type label struct {
		text, class string
		y           float64
	}
	var all []label
	for i, l := range lines {
		p := l.last()
		if p.gap {
			continue
		}
		text := c.Value(p.y) + c.Unit
		if len(c.Series) > 1 || len(c.Levels) > 0 {
			text = c.Series[i].Name + " " + text
		}
		all = append(all, label{text, "now", f.y(p.y)})
	}
	for _, l := range c.Levels {
		if finite(l.Y) {
			all = append(all, label{l.Name + " " + c.Value(l.Y) + c.Unit, "tick", f.y(l.Y)})
		}
	}
	slices.SortStableFunc(all, func(a, b label) int {
		switch {
		case a.y < b.y:
			return -1
		case a.y > b.y:
			return 1
		}
		return 0
	})
	floor := f.t + f.h - labelLine*float64(len(all)-1)
	for i := range all {
		if i > 0 {
			all[i].y = max(all[i].y, all[i-1].y+labelLine)
		}
	}
	for i := range slices.Backward(all) { // those pushed below the plot push back
		all[i].y = min(all[i].y, floor+labelLine*float64(i))
	}
	for _, l := range all {
		fmt.Fprintf(b, `<text class="%s" x="%s" y="%s" dy="0.32em">%s</text>`, l.class, num(f.l+f.w+10), num(l.y), html.EscapeString(l.text))
	}
}
