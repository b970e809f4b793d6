package view

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/ir"
)

// pixelsCallee is what calls of plugins that compute on pixels name.
const pixelsCallee = "pixels"

// painted is the picture that a plugin made of the operand. Where there is no
// answer yet it is asked for, unless the operand itself waits for one; what
// depends on it is computed anew once it is there.
func painted(s *sample, in *ir.Instr, index int, v *value) {
	src, site := s.eval(in.In[0]).U8, s.p.site[index]
	out := s.fresh(in.Out[0]).U8
	if s.answers != nil && s.answers[site] != nil {
		copy(out, s.answers[site])
		return
	}
	if !s.open[in.In[0]] {
		s.asked[site] = append([]uint8(nil), src...)
	}
	s.open[in.Out[0]] = true
	clear(out)
}

func (p *Program) checkPixels(in *ir.Instr) error {
	s := p.f.Shape(in.Out[0])
	switch {
	case len(in.In) != 1 || !s.Equal(p.f.Shape(in.In[0])) || s.Rank() != 3:
		return fmt.Errorf("expected a call on pixels to give a picture of its operand's shape, found %s", s)
	case p.calls.Pixels == nil:
		return fmt.Errorf("the program asks for pixels, and there is no plugin to compute them")
	}
	return nil
}

// maxPaint bounds the bytes of pictures in a call, which a guest's memory must hold several times.
const maxPaint = 4 << 20

// paint asks for what the samples asked for, and reports whether that was anything.
func (b *batch) paint() (asked bool, err error) {
	for site, index := range b.p.pixels {
		var waiting []int
		for i := range b.indices {
			if b.asked[i] != nil && b.asked[i][site] != nil {
				waiting = append(waiting, i)
			}
		}
		if len(waiting) == 0 {
			continue
		}
		asked = true
		n := max(1, maxPaint/len(b.asked[waiting[0]][site]))
		for len(waiting) > 0 {
			n = min(n, len(waiting))
			if err := b.paintSome(site, &b.p.f.Instrs[index], waiting[:n]); err != nil {
				return false, err
			}
			waiting = waiting[n:]
		}
	}
	return asked, nil
}

// paintSome asks for the pictures of some samples at one site, and believes only sizes.
func (b *batch) paintSome(site int, in *ir.Instr, samples []int) error {
	d := b.p.f.Shape(in.Out[0]).Dims
	req := PixelRequest{H: d[0], W: d[1], C: d[2]}
	view := in.Attrs.Int("view", 0)
	for _, i := range samples {
		req.Pix = append(req.Pix, b.asked[i][site])
		req.Keys = append(req.Keys, b.sampleKey(i).Fold(math.MaxUint32+1+uint64(site)))
		req.Views = append(req.Views, view)
	}
	out, err := b.p.calls.Pixels(req)
	if err != nil {
		return err
	}
	if len(out) != len(samples) {
		return fmt.Errorf("view: pixels: expected %d pictures, found %d", len(samples), len(out))
	}
	for k, i := range samples {
		if want := d[0] * d[1] * d[2]; len(out[k]) != want {
			return fmt.Errorf("view: pixels of %s: expected %d bytes for u8[%d,%d,%d], found %d", b.p.ds.ID(b.indices[i]), want, d[0], d[1], d[2], len(out[k]))
		}
		if b.answers[i] == nil {
			b.answers[i] = make([][]uint8, len(b.p.pixels))
		}
		b.answers[i][site] = out[k]
	}
	return nil
}
