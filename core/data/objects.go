package data

// Object is a thing in an image.
type Object struct {
	Class          int
	Y0, X0, Y1, X1 float64 // its box, as shares of the image's height and width
	Mask           []bool  // [H,W], row by row, of the decoded image; nil if not known
}

// Located is a dataset that knows where things are. An evaluation asks for it by
// type assertion, and takes no objects for images of which nothing is known: parts
// of other datasets are Located too.
type Located interface {
	// Objects is the things in image i, the one that the label means first.
	Objects(i int) []Object
}

// Compile-time guards.
var (
	_ Located = (*shapeSet)(nil)
	_ Located = (*files)(nil)
	_ Located = (*subset)(nil)
	_ Located = concat(nil)
)

// Objects is what d knows of the things in image i.
func Objects(d Dataset, i int) []Object {
	if l, ok := d.(Located); ok {
		return l.Objects(i)
	}
	return nil
}

func (s *subset) Objects(i int) []Object { return Objects(s.Dataset, s.at[i]) }
func (c concat) Objects(i int) []Object  { d, i := c.find(i); return Objects(d, i) }
