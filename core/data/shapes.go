package data

import (
	"fmt"
	"math"
	"strconv"

	"github.com/fwlab/fw/core/data/shapes"
	"github.com/fwlab/fw/core/rng"
)

// smallestShapes is the side in pixels below which classes cannot be told apart.
const smallestShapes = 20

// openShapes draws scenes of shapes, each a pure function of seed, split and index.
func openShapes(o Options) (*Set, error) {
	if o.Size < smallestShapes {
		return nil, fmt.Errorf("image_size: expected at least %d pixels, so that the shapes can be told apart, found %d", smallestShapes, o.Size)
	}
	if o.Count < 1 {
		return nil, fmt.Errorf("count: expected at least 1 image, found %d", o.Count)
	}
	set := &Set{Classes: shapes.Names(), Channels: 3, Mean: []float64{0.5, 0.5, 0.5}, Std: []float64{0.29, 0.29, 0.29}}
	test := int(math.Round(float64(o.Count) * o.Holdout))
	part := func(split string, n int) Dataset {
		return &shapeSet{split, rng.New(o.Seed).FoldString("shapes").FoldString(split), n, o.Size}
	}
	return set.arrange(part("train", o.Count-test), part("test", test), o)
}

type shapeSet struct {
	split       string
	key         rng.Key
	count, size int
}

func (s *shapeSet) scene(i int) *shapes.Scene {
	class, _ := s.Label(i)
	return shapes.New(s.key.Fold(uint64(i)), class)
}

func (s *shapeSet) Len() int { return s.count }

func (s *shapeSet) Decode(i int) (Image, error) {
	return Image{s.scene(i).Draw(s.size), s.size, s.size, 3}, nil
}

func (s *shapeSet) Label(i int) (int, bool) { return i % shapes.Classes, true }
func (s *shapeSet) ID(i int) string         { return s.split + "[" + strconv.Itoa(i) + "]" }

// Objects is every object, with its mask; the main one is first.
func (s *shapeSet) Objects(i int) []Object {
	side := float64(s.size)
	var list []Object
	for _, o := range s.scene(i).Objects(s.size) {
		list = append(list, Object{o.Class, float64(o.Y0) / side, float64(o.X0) / side, float64(o.Y1) / side, float64(o.X1) / side, o.Mask})
	}
	return list
}
