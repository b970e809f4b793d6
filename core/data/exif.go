package data

import (
	"bytes"
	"encoding/binary"
)

// orientation is the EXIF orientation of a JPEG, 1 to 8; 1 where there is none.
func orientation(b []byte) int {
	for i := 2; i+4 <= len(b) && b[i] == 0xff && b[i+1] != 0xda; {
		n := int(binary.BigEndian.Uint16(b[i+2:]))
		if n < 2 || i+2+n > len(b) {
			return 1
		}
		body := b[i+4 : i+2+n]
		if rest, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok && b[i+1] == 0xe1 {
			return tiffOrientation(rest)
		}
		i += 2 + n
	}
	return 1
}

// tiffOrientation finds tag 0x0112 in the first directory.
func tiffOrientation(t []byte) int {
	if len(t) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(t[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(t[4:]))
	if at+2 > uint64(len(t)) {
		return 1
	}
	for k := range uint64(order.Uint16(t[at:])) {
		e := at + 2 + 12*k
		if e+12 > uint64(len(t)) {
			return 1
		}
		if order.Uint16(t[e:]) == 0x0112 {
			if v := int(order.Uint16(t[e+8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}

// upright undoes an EXIF orientation.
func (m Image) upright(o int) Image {
	if o == 1 {
		return m
	}
	out := Image{make([]uint8, len(m.Pix)), m.H, m.W, m.C}
	if o >= 5 {
		out.H, out.W = m.W, m.H
	}
	for y := range out.H {
		for x := range out.W {
			sy, sx := y, x
			if o >= 5 {
				sy, sx = x, y
			}
			switch o {
			case 2:
				sx = m.W - 1 - sx
			case 3:
				sy, sx = m.H-1-sy, m.W-1-sx
			case 4:
				sy = m.H - 1 - sy
			case 6:
				sy = m.H - 1 - x
			case 7:
				sy, sx = m.H-1-x, m.W-1-y
			case 8:
				sx = m.W - 1 - y
			}
			copy(out.Pix[(y*out.W+x)*m.C:][:m.C], m.Pix[(sy*m.W+sx)*m.C:][:m.C])
		}
	}
	return out
}
