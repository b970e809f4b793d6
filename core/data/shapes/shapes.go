// Package shapes owns a procedural set of pictures: textured backgrounds with one
// to three objects of ten shape classes, of random colour, size, place and angle.
// The main object is the largest and gives the class; the others are distractors.
// A scene has no size: it is drawn at any. All arithmetic on which a byte depends
// is in integers, so that every platform draws the same. Start from [New].
package shapes

import "github.com/fwlab/fw/core/rng"

// one is the side of a scene; places and sizes are shares of it.
const one = 1 << 16

// Sizes of objects as the side of a square of the same area. Distractors are half
// to two thirds of the main object.
const (
	smallest = one * 22 / 100
	largest  = one * 42 / 100
)

// others is how many distractors there may be.
const others = 2

// tries is how often a place for a distractor is looked for, or a colour.
const tries = 48

// Colours as distances in grey levels: of a texture's two colours in a channel at
// most, and of an object from its background over the three at least.
const (
	backContrast   = 128
	objectContrast = 36
	apart          = 220
)

// Scene is a background with its objects, the main one first. Circles around
// objects do not meet, so that none hides another.
type Scene struct {
	back    texture
	objects []object
	grain   rng.Key
}

type object struct {
	class    int
	y, x     int64 // of the centre
	size     int64
	cos, sin int64 // from the scene to the outline's unit, in 1/2^20
	texture  texture
}

// New is the scene of a key whose main object has the class, a position in [Names].
func New(key rng.Key, class int) *Scene {
	s := key.FoldString("scene").Stream()
	base := colour(&s)
	scene := &Scene{back: newTexture(&s, base, backContrast), grain: key.FoldString("grain")}
	main := newObject(&s, class, between(&s, smallest, largest), scene.back)
	main.place(&s)
	scene.objects = append(scene.objects, main)
	for range s.Intn(others + 1) {
		o := newObject(&s, s.Intn(Classes), between(&s, main.size/2, main.size*2/3), scene.back)
		for range tries {
			if o.place(&s); scene.free(&o) {
				scene.objects = append(scene.objects, o)
				break
			}
		}
	}
	return scene
}

func newObject(s *rng.Stream, class int, size int64, back texture) object {
	o := object{class: class, size: size}
	cos, sin := direction(s)
	o.cos, o.sin = cos*unit/size, sin*unit/size
	o.texture = newTexture(s, contrasting(s, back), objectContrast)
	return o
}

// place draws a centre from which the object lies within the scene.
func (o *object) place(s *rng.Stream) {
	r := o.radius()
	o.y, o.x = between(s, r, one-r), between(s, r, one-r)
}

// radius is that of the circle around the object.
func (o *object) radius() int64 { return outlines[o.class].radius*o.size/unit + 1 }

// free reports whether o meets none of the objects.
func (s *Scene) free(o *object) bool {
	for i := range s.objects {
		p := &s.objects[i]
		dy, dx, r := o.y-p.y, o.x-p.x, o.radius()+p.radius()
		if dy*dy+dx*dx < r*r {
			return false
		}
	}
	return true
}

// between is uniform in [lo,hi).
func between(s *rng.Stream, lo, hi int64) int64 { return lo + int64(s.Intn(int(hi-lo))) }
