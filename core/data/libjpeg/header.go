package libjpeg

import "encoding/binary"

// Markers, ITU T.81 table B.1.
const (
	sof0, sof1   = 0xc0, 0xc1
	sof2         = 0xc2
	dht          = 0xc4
	rst0         = 0xd0
	soi, eoi     = 0xd8, 0xd9
	sos          = 0xda
	dqt, dri     = 0xdb, 0xdd
	app0, app14  = 0xe0, 0xee
	appLast, com = 0xef, 0xfe
)

// header reads the segments up to the first scan.
func (d *decoder) header(b []byte) error {
	d.list, d.restart, d.jfif, d.adobe, d.current = nil, 0, false, -1, scan{}
	d.defined = struct{ quant, dc, ac [4]bool }{}
	if len(b) < 4 || b[0] != 0xff || b[1] != soi {
		return ErrOther
	}
	d.rest = b[2:]
	end, err := d.segments()
	if err == nil && end {
		err = ErrOther
	}
	return err
}

// segments reads what is before the next scan, which rest then begins, or before the
// end.
func (d *decoder) segments() (end bool, err error) {
	for {
		b := d.rest
		for len(b) > 1 && b[0] == 0xff && b[1] == 0xff {
			b = b[1:]
		}
		if len(b) >= 2 && b[0] == 0xff && b[1] == eoi {
			return true, nil
		}
		if len(b) < 4 || b[0] != 0xff {
			return false, errFault
		}
		marker, n := b[1], int(binary.BigEndian.Uint16(b[2:]))
		if n < 2 || n > len(b)-2 {
			return false, errFault
		}
		body := b[4 : 2+n]
		d.rest = b[2+n:]
		switch {
		case marker == sof0 || marker == sof1 || marker == sof2:
			err = d.frame(body, marker == sof2)
		case marker == dht:
			err = d.huffmanTables(body)
		case marker == dqt:
			err = d.quantTables(body)
		case marker == dri:
			if len(body) != 2 {
				return false, errFault
			}
			d.restart = int(binary.BigEndian.Uint16(body))
		case marker == sos:
			return false, d.begin(body)
		case marker == app0 && len(body) >= 5 && string(body[:5]) == "JFIF\x00":
			d.jfif = true
		case marker == app14 && len(body) >= 12 && string(body[:5]) == "Adobe":
			d.adobe = int(body[11])
		case marker >= app0 && marker <= appLast || marker == com:
		default:
			return false, ErrOther
		}
		if err != nil {
			return false, err
		}
	}
}

// frame is SOF0, SOF1 with samples of 8 bits, which decodes alike, or SOF2.
func (d *decoder) frame(b []byte, progressive bool) error {
	if d.list != nil || len(b) < 6 || b[0] != 8 || b[5] != 1 && b[5] != 3 || len(b) != 6+3*int(b[5]) {
		return ErrOther
	}
	d.h, d.w = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	if d.h == 0 || d.w == 0 {
		return ErrOther
	}
	d.progressive, d.list = progressive, d.all[:b[5]]
	for i := range d.list {
		c, s := &d.list[i], b[6+3*i:]
		*c = component{id: int(s[0]), h: int(s[1] >> 4), v: int(s[1] & 15), quant: int(s[2]), plane: c.plane, coefs: c.coefs}
		if c.quant > 3 {
			return errFault
		}
	}
	y := &d.list[0]
	if len(d.list) == 1 {
		y.h, y.v = 1, 1 // one component is not interleaved: an MCU is a block
	} else if rest := d.list[1:]; rest[0].h != 1 || rest[0].v != 1 || rest[1].h != 1 || rest[1].v != 1 || y.h < 1 || y.h > 2 || y.v < 1 || y.v > y.h {
		return ErrOther
	}
	d.mcuw, d.mcuh = y.h, y.v
	d.mx, d.my = (d.w+8*y.h-1)/(8*y.h), (d.h+8*y.v-1)/(8*y.v)
	for i := range d.list {
		c := &d.list[i]
		c.w, c.rows, c.stride = (d.w*c.h+y.h-1)/y.h, (d.h*c.v+y.v-1)/y.v, 8*c.h*d.mx
	}
	return nil
}

func (d *decoder) quantTables(b []byte) error {
	if d.current.part != nil { // not the tables of the scans before
		return ErrOther
	}
	for len(b) > 0 {
		id := b[0]
		if id > 3 || len(b) < 65 { // above 3: of 16 bits, or none
			return ErrOther
		}
		for i, q := range b[1:65] {
			d.quant[id][i] = uint16(q)
		}
		d.defined.quant[id] = true
		b = b[65:]
	}
	return nil
}

func (d *decoder) huffmanTables(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 || b[0]>>4 > 1 || b[0]&15 > 3 {
			return errFault
		}
		n := 0
		for _, c := range b[1:17] {
			n += int(c)
		}
		if n > 256 || len(b) < 17+n {
			return errFault
		}
		tables, defined := &d.dc, &d.defined.dc
		if b[0]>>4 == 1 {
			tables, defined = &d.ac, &d.defined.ac
		}
		if err := tables[b[0]&15].set(b[1:17+n], b[0]>>4 == 1); err != nil {
			return err
		}
		defined[b[0]&15] = true
		b = b[17+n:]
	}
	return nil
}

// begin is SOS: for a baseline file the one of all components.
func (d *decoder) begin(b []byte) error {
	if len(b) < 1 || b[0] < 1 || b[0] > 3 || len(b) != 4+2*int(b[0]) || d.list == nil {
		return ErrOther
	}
	n := int(b[0])
	first := d.current.part == nil
	s := &d.current
	s.part = s.list[:n]
	at := 0
	for i := range n {
		id := int(b[1+2*i])
		for at < len(d.list) && d.list[at].id != id {
			at++
		}
		if at == len(d.list) { // none, or not in the frame's order
			return ErrOther
		}
		c := &d.list[at]
		at++
		c.dc, c.ac = int(b[2+2*i]>>4), int(b[2+2*i]&15)
		if c.dc > 3 || c.ac > 3 || !d.defined.quant[c.quant] {
			return errFault
		}
		s.part[i] = c
	}
	tail := b[1+2*n:]
	s.from, s.to, s.high, s.low = int(tail[0]), int(tail[1]), int(tail[2]>>4), int(tail[2]&15)
	if first && len(d.list) == 3 && !d.jfif { // libjpeg's default_decompress_parms
		rgb := d.list[0].id == 'R' && d.list[1].id == 'G' && d.list[2].id == 'B'
		if d.adobe == 0 || d.adobe < 0 && rgb {
			return ErrOther
		}
	}
	if d.progressive {
		return d.checkScan()
	}
	if n != len(d.list) || !first {
		return ErrOther
	}
	for _, c := range s.part {
		if !d.defined.dc[c.dc] || !d.defined.ac[c.ac] {
			return errFault
		}
	}
	if s.from != 0 || s.to != 63 || s.high != 0 || s.low != 0 {
		return errFault
	}
	return nil
}
