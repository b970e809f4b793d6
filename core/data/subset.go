package data

import "slices"

// subset is some of a dataset's images.
type subset struct {
	Dataset
	at []int
}

func (s *subset) Len() int                    { return len(s.at) }
func (s *subset) Decode(i int) (Image, error) { return s.Dataset.Decode(s.at[i]) }
func (s *subset) Label(i int) (int, bool)     { return s.Dataset.Label(s.at[i]) }
func (s *subset) ID(i int) string             { return s.Dataset.ID(s.at[i]) }

// part is the images lo to hi of d.
func part(d Dataset, lo, hi int) Dataset {
	at := make([]int, hi-lo)
	for i := range at {
		at[i] = lo + i
	}
	return &subset{d, at}
}

// limit is n images of d, all of them for n = 0: the first records of a file in
// which they lie shuffled, but of image files, which lie sorted by class, those
// whose names draw the lowest numbers.
func limit(d Dataset, n int) Dataset {
	if n <= 0 || n >= d.Len() {
		return d
	}
	f, ok := d.(*files)
	if !ok {
		return part(d, 0, n)
	}
	at := make([]int, d.Len())
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(a, b int) int {
		x, y := draw("limit", f.ID(a)), draw("limit", f.ID(b))
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	at = at[:n]
	slices.Sort(at)
	return &subset{d, at}
}

// concat is several datasets one after another.
type concat []Dataset

func (c concat) find(i int) (Dataset, int) {
	for _, d := range c {
		if i < d.Len() {
			return d, i
		}
		i -= d.Len()
	}
	panic("data: position beyond the end")
}

func (c concat) Len() (n int) {
	for _, d := range c {
		n += d.Len()
	}
	return n
}

func (c concat) Decode(i int) (Image, error) { d, i := c.find(i); return d.Decode(i) }
func (c concat) Label(i int) (int, bool)     { d, i := c.find(i); return d.Label(i) }
func (c concat) ID(i int) string             { d, i := c.find(i); return d.ID(i) }
