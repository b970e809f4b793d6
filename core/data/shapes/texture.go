package shapes

import "github.com/fwlab/fw/core/rng"

// The patterns of textures, each over blotches.
const (
	plain = iota
	stripes
	checks
	patterns
)

// cells is how many blotches there may be to a side.
const cells = 8

// texture mixes two colours by place.
type texture struct {
	from, by [3]int64 // a colour, and the way to the other
	pattern  int
	cos, sin int64 // of the pattern's direction, in 1/2^20
	periods  int64
	cells    int64
	lattice  [cells + 1][cells + 1]uint8
}

// newTexture mixes base with a colour that differs by at most contrast in a channel.
func newTexture(s *rng.Stream, base [3]int64, contrast int64) texture {
	t := texture{from: base, pattern: s.Intn(patterns), periods: between(s, 2, 7), cells: between(s, 2, cells+1)}
	for c := range t.by {
		t.by[c] = clamp(base[c]+between(s, -contrast, contrast+1)) - base[c]
	}
	t.cos, t.sin = direction(s)
	for y := range t.cells + 1 {
		for x := range t.cells + 1 {
			t.lattice[y][x] = uint8(s.Uint32() >> 24)
		}
	}
	return t
}

// at is the colour at a place of the scene.
func (t *texture) at(y, x int64) [3]int64 {
	m := t.blotches(y, x)
	if t.pattern != plain {
		w := wave((t.cos*x + t.sin*y) >> 20 * t.periods)
		if t.pattern == checks {
			w = 128 + (w-128)*(wave((t.cos*y-t.sin*x)>>20*t.periods)-128)>>7
		}
		m = (m + 3*w) >> 2
	}
	out := t.from
	for c := range out {
		out[c] += (t.by[c]*m + 128) >> 8
	}
	return out
}

// blotches is value noise in [0,256): numbers on a lattice, smoothly between them.
func (t *texture) blotches(y, x int64) int64 {
	y, x = y*t.cells, x*t.cells
	i, j := y>>16, x>>16
	v, u := smooth(y&0xffff>>8), smooth(x&0xffff>>8)
	top, bottom := &t.lattice[i], &t.lattice[i+1]
	a := int64(top[j])*(256-u) + int64(top[j+1])*u
	b := int64(bottom[j])*(256-u) + int64(bottom[j+1])*u
	return (a*(256-v) + b*v) >> 16
}

// smooth is 3f^2-2f^3 of 256ths.
func smooth(f int64) int64 { return f * f * (768 - 2*f) >> 16 }

// wave is a triangle wave in [0,256) of period one.
func wave(p int64) int64 {
	p = p >> 7 & 511
	return min(p, 511-p)
}

func colour(s *rng.Stream) (c [3]int64) {
	for i := range c {
		c[i] = int64(s.Intn(256))
	}
	return c
}

// contrasting is a colour that is apart from both of the background's; of those
// tried the farthest if none is.
func contrasting(s *rng.Stream, back texture) (best [3]int64) {
	far := int64(-1)
	for range tries {
		c := colour(s)
		var a, b int64
		for i := range c {
			a += abs(c[i] - back.from[i])
			b += abs(c[i] - back.from[i] - back.by[i])
		}
		if d := min(a, b); d > far {
			far, best = d, c
		}
		if far >= apart {
			break
		}
	}
	return best
}

func clamp(v int64) int64 { return min(max(v, 0), 255) }
