package shapes

// A pixel is looked at in sub x sub places.
const (
	sub  = 4
	full = sub * sub
)

// patch is how much of each pixel an object covers, of full, where it lies.
type patch struct {
	y, x, h, w int
	cover      []uint8 // [h,w]
}

// at is the place of the k-th look along n pixels.
func at(k, n int) int64 { return int64(2*k+1) * one / int64(2*sub*n) }

// cover is the object in a picture of n x n pixels.
func (o *object) cover(n int) patch {
	r := o.radius()
	first := func(c int64) int { return int((c - r) * int64(n) / one) }
	size := func(c int64) int { return min(int((c+r)*int64(n)/one)+1, n) - first(c) }
	p := patch{y: first(o.y), x: first(o.x), h: size(o.y), w: size(o.x)}
	p.cover = make([]uint8, p.h*p.w)
	has := outlines[o.class].has
	for k := range p.h * sub {
		dy := at(p.y*sub+k, n) - o.y
		row := p.cover[k/sub*p.w:]
		for l := range p.w * sub {
			dx := at(p.x*sub+l, n) - o.x
			if has((o.cos*dy-o.sin*dx)>>20, (o.sin*dy+o.cos*dx)>>20) {
				row[l/sub]++
			}
		}
	}
	return p
}

// Draw is the scene as interleaved RGB, n x n x 3.
func (s *Scene) Draw(n int) []uint8 {
	pix := make([]uint8, n*n*3)
	middle := func(i int) int64 { return int64(2*i+1) * one / int64(2*n) }
	for y := range n {
		for x := range n {
			put(pix[(y*n+x)*3:], s.back.at(middle(y), middle(x)), full)
		}
	}
	for i := range s.objects {
		o := &s.objects[i]
		p := o.cover(n)
		for k, c := range p.cover {
			if c == 0 {
				continue
			}
			y, x := p.y+k/p.w, p.x+k%p.w
			put(pix[(y*n+x)*3:], o.texture.at(middle(y), middle(x)), int64(c))
		}
	}
	for from := 0; from < n*n; from += 16 {
		block := s.grain.Block(uint64(from / 16))
		for k := range min(16, n*n-from) {
			g := int64(block[k/4]>>(8*(k%4))&15) - 8
			for c := range 3 {
				v := &pix[(from+k)*3+c]
				*v = uint8(clamp(int64(*v) + g))
			}
		}
	}
	return pix
}

// put mixes a colour into a pixel, as much of it as is covered.
func put(pix []uint8, colour [3]int64, cover int64) {
	for c, v := range colour {
		old := int64(pix[c])
		pix[c] = uint8((old*(full-cover) + v*cover + full/2) / full)
	}
}

// Object is an object of a drawn scene.
type Object struct {
	Class          int
	Y0, X0, Y1, X1 int    // the smallest rectangle with all of the mask, in pixels; Y1 and X1 are beyond it
	Mask           []bool // [n,n]: the pixels of which the object covers more than half
}

// Objects is the objects as they are in a picture of n x n pixels, the main one first.
func (s *Scene) Objects(n int) []Object {
	list := make([]Object, len(s.objects))
	for i := range list {
		list[i] = s.objects[i].mask(n)
	}
	return list
}

func (o *object) mask(n int) Object {
	out := Object{Class: o.class, Y0: n, X0: n, Mask: make([]bool, n*n)}
	p := o.cover(n)
	for k, c := range p.cover {
		if c <= full/2 {
			continue
		}
		y, x := p.y+k/p.w, p.x+k%p.w
		out.Mask[y*n+x] = true
		out.Y0, out.X0 = min(out.Y0, y), min(out.X0, x)
		out.Y1, out.X1 = max(out.Y1, y+1), max(out.X1, x+1)
	}
	return out
}
