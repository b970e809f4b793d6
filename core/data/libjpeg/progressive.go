package libjpeg

import "encoding/binary"

// checkScan refuses a scan that T.81 G.1.1.1.1 does, and what does not add to the scans before.
func (d *decoder) checkScan() error {
	s := &d.current
	if s.to > 63 || s.from > s.to || s.from == 0 && s.to > 0 || s.from > 0 && len(s.part) > 1 || s.low > 13 || s.high > 0 && s.high != s.low+1 {
		return errFault
	}
	for _, c := range s.part {
		if s.from == 0 && s.high == 0 && !d.defined.dc[c.dc] || s.from > 0 && !d.defined.ac[c.ac] {
			return errFault
		}
	}
	return nil
}

// maxScans bounds the passes over a file's blocks; encoders make some ten.
const maxScans = 100

// scans reads all scans of a progressive file, and fills the planes.
func (d *decoder) scans() error {
	for i := range d.list {
		c := &d.list[i]
		clear(grow(&c.coefs, c.stride*8*c.v*d.my))
		for k := range c.unknown {
			c.unknown[k] = -1
		}
	}
	for range maxScans {
		if err := d.pass(); err != nil {
			return err
		}
		if end, err := d.segments(); err != nil {
			return err
		} else if end {
			return d.samples()
		}
	}
	return ErrOther
}

// pass reads one scan.
func (d *decoder) pass() error {
	s := &d.current
	for _, c := range s.part {
		for k := s.from; k <= s.to; k++ {
			if s.high == 0 && c.unknown[k] >= 0 || s.high > 0 && c.unknown[k] != s.high {
				return errFault
			}
			c.unknown[k] = s.low
		}
	}
	bits := bitReader{}
	decode := bits.first
	switch {
	case s.from == 0 && s.high == 0:
		decode = bits.dc
	case s.from == 0:
		decode = bits.dcMore
	case s.high > 0:
		decode = bits.more
	}
	one := func(c *component, x, y int) error {
		if bits.pos > bits.end+8 {
			return errFault
		}
		b := c.coefs[64*(y*c.stride/8+x):][:64]
		return decode(d, c, (*[64]int16)(b))
	}
	across, n := d.mx, d.mx*d.my
	if len(s.part) == 1 { // not interleaved: the blocks that are part of the image
		c := s.part[0]
		across = (c.w + 7) / 8
		n = across * ((c.rows + 7) / 8)
	}
	return d.intervals(n, func(from, to int) error {
		bits = bitReader{reader: d.reader()}
		for m := from; m < to; m++ {
			x, y := m%across, m/across
			if len(s.part) == 1 {
				if err := one(s.part[0], x, y); err != nil {
					return err
				}
				continue
			}
			for _, c := range s.part {
				for by := range c.v {
					for bx := range c.h {
						if err := one(c, x*c.h+bx, y*c.v+by); err != nil {
							return err
						}
					}
				}
			}
		}
		return bits.done()
	})
}

// bitReader takes single codes and bits.
type bitReader struct {
	reader
	blocks int // that end here and need no further bits, this one among them
}

// fill makes n 32 or more.
func (r *bitReader) fill() {
	if r.n < 32 {
		r.acc |= binary.BigEndian.Uint64(r.data[r.pos:]) >> (r.n & 63)
		r.pos += (63 - r.n) >> 3
		r.n |= 56
	}
}

// bits is the next n bits, at most 16.
func (r *bitReader) bits(n int) int {
	r.fill()
	v := int(r.acc >> 48 >> (16 - n))
	r.acc <<= n
	r.n -= n
	return v
}

// symbol is the next code's value; -1 if there is none.
func (r *bitReader) symbol(t *huffman) int {
	r.fill()
	if e := t.short[r.acc>>56]; e != 0 {
		r.acc <<= e >> 8
		r.n -= int(e >> 8)
		return int(e & 255)
	}
	next := int32(r.acc >> 48)
	for length := 9; length <= 16; length++ {
		if next < t.above[length] && next >= t.above[8] {
			r.acc <<= length
			r.n -= length
			return int(t.values[(next>>(16-length)+t.offset[length])&255])
		}
	}
	return -1
}

// dc is the first bits of a DC coefficient (T.81 G.1.2.1).
func (r *bitReader) dc(d *decoder, c *component, b *[64]int16) error {
	size := r.symbol(&d.dc[c.dc])
	if size < 0 || size > 11 {
		return errFault
	}
	c.last += extend(r.bits(size), size)
	b[0] = int16(c.last << d.current.low)
	return nil
}

// dcMore is one more bit of it.
func (r *bitReader) dcMore(d *decoder, _ *component, b *[64]int16) error {
	b[0] |= int16(r.bits(1) << d.current.low)
	return nil
}

// first is the first bits of other coefficients (G.1.2.2).
func (r *bitReader) first(d *decoder, c *component, b *[64]int16) error {
	if r.blocks > 0 {
		r.blocks--
		return nil
	}
	s := &d.current
	for k := s.from; k <= s.to; k++ {
		symbol := r.symbol(&d.ac[c.ac])
		run, size := symbol>>4, symbol&15
		switch {
		case symbol < 0:
			return errFault
		case size == 0 && run < 15:
			r.blocks = 1<<run - 1 + r.bits(run)
			return nil
		case k+run > s.to:
			return errFault
		}
		k += run
		if size > 0 {
			b[natural[k]] = int16(extend(r.bits(size), size) << s.low)
		}
	}
	return nil
}

// more is one more bit of other coefficients (G.1.2.3): of those that are not 0 a
// bit each, wherever the codes for those that begin to be pass over them.
func (r *bitReader) more(d *decoder, c *component, b *[64]int16) error {
	s := &d.current
	one := int16(1) << s.low
	grow := func(x *int16) {
		if r.bits(1) == 1 && *x&one == 0 {
			if *x > 0 {
				*x += one
			} else {
				*x -= one
			}
		}
	}
	k := s.from
	for ; k <= s.to && r.blocks == 0; k++ {
		symbol := r.symbol(&d.ac[c.ac])
		run, begins := symbol>>4, int16(0)
		switch {
		case symbol < 0 || symbol&15 > 1:
			return errFault
		case symbol&15 == 1:
			if begins = -one; r.bits(1) == 1 {
				begins = one
			}
		case run < 15:
			r.blocks = 1<<run + r.bits(run)
		}
		if r.blocks > 0 {
			break
		}
		for ; k <= s.to; k++ {
			if x := &b[natural[k]]; *x != 0 {
				grow(x)
			} else if run--; run < 0 {
				break
			}
		}
		if begins != 0 {
			if k > s.to {
				return errFault
			}
			b[natural[k]] = begins
		}
	}
	if r.blocks > 0 {
		for ; k <= s.to; k++ {
			if x := &b[natural[k]]; *x != 0 {
				grow(x)
			}
		}
		r.blocks--
	}
	return nil
}

// samples fills the planes from the coefficients, all of which must be known:
// libjpeg smooths what is not.
func (d *decoder) samples() error {
	for i := range d.list {
		c := &d.list[i]
		var quant [64]int16
		for k, q := range d.quant[c.quant] {
			if c.unknown[k] != 0 {
				return ErrOther
			}
			quant[natural[k]] = int16(q)
		}
		grow(&c.plane, len(c.coefs))
		across := c.stride / 8
		for n := range len(c.coefs) / 64 {
			for k, x := range c.coefs[64*n:][:64] {
				d.block[k] = x * quant[k]
			}
			transform(c.plane[8*(n/across*c.stride+n%across):], c.stride, &d.block)
		}
	}
	return nil
}
