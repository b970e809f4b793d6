package core

import (
	"fmt"
	"image"
	"math"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/eval"
	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/view"
)

// plain is images of a split as probes see them.
func (s *Session) plain(ds data.Dataset, indices []int) (*view.Output, error) {
	p, err := eval.Plain(ds, s.size, s.Set.Channels, len(indices), s.Set.Mean, s.Set.Std)
	if err != nil {
		return nil, err
	}
	_, err = p.Fill(s.Trainer.Pool, indices, rng.New(0))
	return p.Outputs[0], err
}

// picture undoes the normalisation of one image of an output; of tiles it is their
// mosaic.
func (s *Session) picture(o *view.Output, i int) (image.Image, error) {
	if o.Shape.Rank() == 5 {
		return mosaic(o, i)
	}
	h, w, c := o.Shape.Dims[1], o.Shape.Dims[2], o.Shape.Dims[3]
	values := make([]float32, h*w*c)
	for j := range values {
		values[j] = o.F32(i*len(values) + j)
	}
	return report.PictureF32(values, h, w, c, each(s.Set.Mean, c), each(s.Set.Std, c))
}

// mosaic is the tiles of view i in their order, in a square or nearly so, with a line
// of middle grey between them; tiles have no common scale, so each is shown from its
// least to its greatest value.
func mosaic(o *view.Output, i int) (image.Image, error) {
	d := o.Shape.Dims
	n, h, w, c := d[1], d[2], d[3], d[4]
	across := int(math.Ceil(math.Sqrt(float64(n))))
	down := (n + across - 1) / across
	height, width := down*(h+1)-1, across*(w+1)-1
	values := make([]float32, height*width*c)
	for j := range values {
		values[j] = 0.5
	}
	for t := range n {
		at := (i*n + t) * h * w * c
		low, high := o.F32(at), o.F32(at)
		for j := range h * w * c {
			low, high = min(low, o.F32(at+j)), max(high, o.F32(at+j))
		}
		for y := range h {
			row := values[((t/across*(h+1)+y)*width+t%across*(w+1))*c:][:w*c]
			for x := range row {
				row[x] = (o.F32(at+y*w*c+x) - low) / max(high-low, 1e-12)
			}
		}
	}
	return report.PictureF32(values, height, width, c, nil, nil)
}

// each gives every channel its number; nil stays nil.
func each(v []float64, channels int) []float32 {
	if len(v) == 0 {
		return nil
	}
	out := make([]float32, channels)
	for i := range out {
		out[i] = float32(v[i%len(v)])
	}
	return out
}

// class is the name of an image's class, "" if it has none.
func (s *Session) class(ds data.Dataset, i int) string {
	l, ok := ds.Label(i)
	switch {
	case !ok || l < 0:
		return ""
	case l < len(s.Set.Classes):
		return s.Set.Classes[l]
	}
	return fmt.Sprint(l)
}

const (
	neighbourRows = 8
	neighbours    = 6
)

// neighbours shows test images, of as many classes as there are rows, and the
// training images with the nearest features.
func (s *Session) neighbours(f splits) (report.Sheet, error) {
	queries := s.queries(f.test)
	k := min(neighbours, f.train.N)
	if len(queries) == 0 || k == 0 {
		return report.Sheet{}, nil
	}
	nearest := eval.Neighbours(f.train, f.test, queries, k)
	var at, from []int
	for i, q := range queries {
		at = append(at, f.test.Index[q])
		for _, n := range nearest[i] {
			from = append(from, f.train.Index[n])
		}
	}
	tests, err := s.plain(s.Set.Test, at)
	if err != nil {
		return report.Sheet{}, err
	}
	trains, err := s.plain(s.Set.Probe, from)
	if err != nil {
		return report.Sheet{}, err
	}
	var rows []report.Neighbours
	for i, q := range queries {
		img, err := s.picture(tests, i)
		if err != nil {
			return report.Sheet{}, err
		}
		row := report.Neighbours{Query: img, Class: s.class(s.Set.Test, at[i])}
		for j, n := range nearest[i] {
			if img, err = s.picture(trains, i*k+j); err != nil {
				return report.Sheet{}, err
			}
			similarity := eval.Cosine(f.test.Row(q), f.train.Row(n))
			if math.IsNaN(similarity) {
				similarity = 0
			}
			row.Nearest = append(row.Nearest, report.Neighbour{Image: img, Class: s.class(s.Set.Probe, from[i*k+j]), Similarity: similarity})
		}
		rows = append(rows, row)
	}
	return report.NeighbourSheet("Nearest neighbours in "+s.Set.Name, rows), nil
}

// queries are rows of the test images: the first of each class in turn, then the
// second, until there are enough.
func (s *Session) queries(test *eval.Features) (rows []int) {
	for nth := 0; len(rows) < min(neighbourRows, test.N); nth++ {
		seen := map[int32]int{}
		for r, l := range test.Labels {
			if seen[l] == nth && len(rows) < neighbourRows {
				rows = append(rows, r)
			}
			seen[l]++
		}
	}
	return rows
}
