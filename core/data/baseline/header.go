package baseline

import "encoding/binary"

// Markers, ITU T.81 table B.1.
const (
	sof0, sof1   = 0xc0, 0xc1
	dht          = 0xc4
	rst0         = 0xd0
	soi, eoi     = 0xd8, 0xd9
	sos          = 0xda
	dqt, dri     = 0xdb, 0xdd
	app0, app14  = 0xe0, 0xee
	appLast, com = 0xef, 0xfe
)

// header reads the segments up to the scan, which rest then begins.
func (d *decoder) header(b []byte) error {
	d.list, d.restart, d.jfif, d.adobe = nil, 0, false, -1
	d.defined = struct{ quant, dc, ac [4]bool }{}
	if len(b) < 4 || b[0] != 0xff || b[1] != soi {
		return ErrOther
	}
	for b = b[2:]; ; {
		for len(b) > 1 && b[0] == 0xff && b[1] == 0xff {
			b = b[1:]
		}
		if len(b) < 4 || b[0] != 0xff {
			return errFault
		}
		marker, n := b[1], int(binary.BigEndian.Uint16(b[2:]))
		if n < 2 || n > len(b)-2 {
			return errFault
		}
		body := b[4 : 2+n]
		b = b[2+n:]
		var err error
		switch {
		case marker == sof0 || marker == sof1:
			err = d.frame(body)
		case marker == dht:
			err = d.huffmanTables(body)
		case marker == dqt:
			err = d.quantTables(body)
		case marker == dri:
			if len(body) != 2 {
				return errFault
			}
			d.restart = int(binary.BigEndian.Uint16(body))
		case marker == sos:
			d.rest = b
			return d.begin(body)
		case marker == app0 && len(body) >= 5 && string(body[:5]) == "JFIF\x00":
			d.jfif = true
		case marker == app14 && len(body) >= 12 && string(body[:5]) == "Adobe":
			d.adobe = int(body[11])
		case marker >= app0 && marker <= appLast || marker == com:
		default:
			return ErrOther
		}
		if err != nil {
			return err
		}
	}
}

// frame is SOF0, or SOF1 with samples of 8 bits, which decodes alike.
func (d *decoder) frame(b []byte) error {
	if d.list != nil || len(b) < 6 || b[0] != 8 || b[5] != 1 && b[5] != 3 || len(b) != 6+3*int(b[5]) {
		return ErrOther
	}
	d.h, d.w = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	if d.h == 0 || d.w == 0 {
		return ErrOther
	}
	d.list = d.all[:b[5]]
	for i := range d.list {
		c, s := &d.list[i], b[6+3*i:]
		*c = component{id: int(s[0]), h: int(s[1] >> 4), v: int(s[1] & 15), quant: int(s[2]), plane: c.plane}
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

// begin is SOS: of all components, in the frame's order.
func (d *decoder) begin(b []byte) error {
	n := len(d.list)
	if n == 0 || len(b) != 4+2*n || int(b[0]) != n {
		return ErrOther
	}
	for i := range d.list {
		c, s := &d.list[i], b[1+2*i:]
		c.dc, c.ac = int(s[1]>>4), int(s[1]&15)
		if int(s[0]) != c.id {
			return ErrOther
		}
		if c.dc > 3 || c.ac > 3 || !d.defined.dc[c.dc] || !d.defined.ac[c.ac] || !d.defined.quant[c.quant] {
			return errFault
		}
	}
	if tail := b[1+2*n:]; tail[0] != 0 || tail[1] != 63 || tail[2] != 0 {
		return errFault
	}
	if n == 3 && !d.jfif { // libjpeg's default_decompress_parms
		rgb := d.list[0].id == 'R' && d.list[1].id == 'G' && d.list[2].id == 'B'
		if d.adobe == 0 || d.adobe < 0 && rgb {
			return ErrOther
		}
	}
	return nil
}
