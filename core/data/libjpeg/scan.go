package libjpeg

import (
	"bytes"
	"encoding/binary"
)

// natural is the place of each coefficient in its block.
var natural = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// pad is zeros behind a segment: a block takes at most 64 codes of 16 bits and
// numbers of 15, and reading goes 8 bytes ahead.
const pad = 64*31/8 + 16

// baseline fills the planes from the one scan.
func (d *decoder) baseline() error {
	d.block = [64]int16{}
	for i := range d.list {
		c := &d.list[i]
		grow(&c.plane, c.stride*8*c.v*d.my)
	}
	if err := d.intervals(d.mx*d.my, d.mcus); err != nil {
		return err
	}
	end, err := d.segments()
	if err == nil && !end {
		err = ErrOther
	}
	return err
}

// intervals has decode read a scan of n MCUs, from the segment of each restart interval.
func (d *decoder) intervals(n int, decode func(from, to int) error) error {
	each := d.restart
	if each == 0 {
		each = n
	}
	for from, k := 0, byte(0); from < n; from, k = from+each, k+1 {
		if from > 0 {
			if len(d.rest) < 2 || d.rest[1] != rst0+(k-1)&7 {
				return errFault
			}
			d.rest = d.rest[2:]
		}
		d.unstuff()
		for i := range d.list {
			d.list[i].last = 0
		}
		if err := decode(from, min(n, from+each)); err != nil {
			return err
		}
	}
	return nil
}

// unstuff makes segment what there is up to the next marker, which rest then begins.
func (d *decoder) unstuff() {
	s := d.segment[:0]
	for {
		i := bytes.IndexByte(d.rest, 0xff)
		if i < 0 || i+1 >= len(d.rest) {
			s, d.rest = append(s, d.rest...), nil
			break
		}
		if next := d.rest[i+1]; next == 0 {
			s, d.rest = append(s, d.rest[:i+1]...), d.rest[i+2:]
		} else if s, d.rest = append(s, d.rest[:i]...), d.rest[i:]; next == 0xff { // it fills
			d.rest = d.rest[1:]
		} else {
			break
		}
	}
	d.segment = append(s, make([]byte, pad)...)
}

func (d *decoder) reader() reader { return reader{data: d.segment, end: len(d.segment) - pad} }

// mcus decodes some MCUs from the segment.
func (d *decoder) mcus(from, to int) error {
	r := d.reader()
	for m := from; m < to; m++ {
		x, y := m%d.mx, m/d.mx
		for i := range d.list {
			c := &d.list[i]
			for by := range c.v {
				for bx := range c.h {
					if err := r.block(d, c, (8 * ((y*c.v+by)*c.stride + x*c.h + bx))); err != nil {
						return err
					}
				}
			}
		}
	}
	return r.done()
}

// done is whether there were as many bits as were taken.
func (r *reader) done() error {
	if 8*r.pos-r.n > 8*r.end {
		return errFault
	}
	return nil
}

// reader takes bits: the upper n of acc are those that come before data[pos].
type reader struct {
	data []byte
	pos  int
	end  int
	acc  uint64
	n    int
}

// block decodes one block into the samples from at on.
func (r *reader) block(d *decoder, c *component, at int) error {
	if r.pos > r.end+8 {
		return errFault
	}
	data, pos, acc, n := r.data, r.pos, r.acc, r.n
	b := &d.block
	quant := &d.quant[c.quant]
	dc, ac := &d.dc[c.dc], &d.ac[c.ac]

	// 57 bits or more
	acc |= binary.BigEndian.Uint64(data[pos:]) >> (n & 63)
	pos += (63 - n) >> 3
	n |= 56
	e := dc.fast[acc>>(64-lookBits)]
	if e == 0 {
		if e = dc.long(int32(acc >> 48)); e == 0 {
			return errFault
		}
	}
	acc <<= e & 31
	n -= int(e & 31)
	value := int(int16(e >> 16))
	if size := int(e >> 5 & 15); size > 0 {
		value = extend(int(acc>>(64-size)), size)
		acc <<= size
		n -= size
	}
	c.last += value
	b[0] = int16(c.last * int(quant[0]))

	k, flat := 1, true
	for k < 64 {
		if n < 32 {
			acc |= binary.BigEndian.Uint64(data[pos:]) >> (n & 63)
			pos += (63 - n) >> 3
			n |= 56
		}
		e := ac.fast[acc>>(64-lookBits)]
		if e == 0 {
			if e = ac.long(int32(acc >> 48)); e == 0 {
				return errFault
			}
		}
		acc <<= e & 31
		n -= int(e & 31)
		value := int(int16(e >> 16))
		if size := e >> 5 & 15; size > 0 {
			value = int(acc >> (64 - size))
			if value>>(size-1) == 0 {
				value -= 1<<size - 1
			}
			acc <<= size
			n -= int(size)
		}
		k += int(e >> 9 & 127)
		if k > 63 {
			if e>>9&127 != end {
				return errFault
			}
			break
		}
		b[natural[k]&63] = int16(value * int(quant[k]))
		flat = false
		k++
	}
	r.pos, r.acc, r.n = pos, acc, n
	to := c.plane[at:]
	if flat {
		fill(to, c.stride, b[0])
		return nil
	}
	transform(to, c.stride, b)
	*b = [64]int16{}
	return nil
}
