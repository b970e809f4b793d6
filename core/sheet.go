package core

import (
	"math"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/eval"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/view"
)

// Picture is a square image for people: interleaved 8-bit pixels.
type Picture struct {
	Pix            []uint8
	Size, Channels int
}

// Sheet is, for each of the first n images of an epoch, the original as probes
// see it and then the views that the plugins make of it.
func (s *Session) Sheet(epoch, n int) ([][]Picture, error) {
	t := s.Trainer
	n = max(1, min(n, t.Facts.Batch))
	indices := data.Order(t.Key(), epoch, s.Set.Train.Len())[:t.Facts.Batch]
	plain, err := eval.Plain(s.Set.Train, s.size, s.Set.Channels, len(indices), s.Set.Mean, s.Set.Std)
	if err != nil {
		return nil, err
	}
	if _, err := plain.Fill(t.Pool, indices, rng.New(0)); err != nil {
		return nil, err
	}
	views, err := t.Views(epoch, indices)
	if err != nil {
		return nil, err
	}
	rows := make([][]Picture, n)
	for i := range rows {
		for _, o := range append(plain.Outputs[:1:1], views...) {
			if o.Shape.Rank() != 4 || !o.Shape.DType.Float() {
				continue
			}
			for v := 0; v < o.Shape.Dims[0]/len(indices); v++ {
				rows[i] = append(rows[i], s.picture(o, v*len(indices)+i))
			}
		}
	}
	return rows, nil
}

// picture undoes the normalisation of one image of an output.
func (s *Session) picture(o *view.Output, i int) Picture {
	size, c := o.Shape.Dims[1], o.Shape.Dims[3]
	p := Picture{make([]uint8, size*size*c), size, c}
	for j := range p.Pix {
		x := float64(o.F32(i*len(p.Pix) + j))
		if len(s.Set.Mean) > 0 {
			x = x*s.Set.Std[j%len(s.Set.Std)] + s.Set.Mean[j%len(s.Set.Mean)]
		}
		p.Pix[j] = uint8(math.Max(0, math.Min(255, math.Round(255*x))))
	}
	return p
}
