package wire

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// The encoding is the subset of proto3 that fw.proto uses: varint, 32-bit,
// 64-bit and length-delimited fields, packed scalars, sint for negatives; no
// maps, groups, oneof or Any. Unknown fields are skipped, as proto3 does.

const (
	typeVarint = 0
	type64     = 1
	typeBytes  = 2
	type32     = 5
)

// writer appends fields. Zero values are left out, as proto3 does.
type writer struct{ b []byte }

func (w *writer) varint(x uint64) {
	for x >= 0x80 {
		w.b = append(w.b, byte(x)|0x80)
		x >>= 7
	}
	w.b = append(w.b, byte(x))
}

func (w *writer) tag(field, wireType int) { w.varint(uint64(field)<<3 | uint64(wireType)) }

func (w *writer) uint(field int, x uint64) {
	if x != 0 {
		w.tag(field, typeVarint)
		w.varint(x)
	}
}

func (w *writer) bool(field int, x bool) {
	if x {
		w.uint(field, 1)
	}
}

func (w *writer) sint(field int, x int64) { w.uint(field, zigzag(x)) }

func (w *writer) double(field int, x float64) {
	if bits := math.Float64bits(x); bits != 0 {
		w.tag(field, type64)
		w.fixed64(bits)
	}
}

func (w *writer) fixed64(x uint64) {
	w.fixed32(uint32(x))
	w.fixed32(uint32(x >> 32))
}

func (w *writer) fixed32(x uint32) { w.b = append(w.b, byte(x), byte(x>>8), byte(x>>16), byte(x>>24)) }

func (w *writer) string(field int, s string) {
	if s != "" {
		w.tag(field, typeBytes)
		w.varint(uint64(len(s)))
		w.b = append(w.b, s...)
	}
}

func (w *writer) bytes(field int, s []byte) {
	if len(s) > 0 {
		w.tag(field, typeBytes)
		w.varint(uint64(len(s)))
		w.b = append(w.b, s...)
	}
}

// message writes a nested message, also when it is empty.
func (w *writer) message(field int, encode func(*writer)) {
	w.tag(field, typeBytes)
	w.nested(func() { encode(w) })
}

// nested writes what body writes, preceded by its length.
func (w *writer) nested(body func()) {
	start := len(w.b)
	body()
	n := len(w.b) - start
	size := 1
	for x := n; x >= 0x80; x >>= 7 {
		size++
	}
	for range size {
		w.b = append(w.b, 0)
	}
	copy(w.b[start+size:], w.b[start:start+n])
	tail := w.b
	w.b = w.b[:start]
	w.varint(uint64(n))
	w.b = tail
}

// packed writes n scalars as one field.
func (w *writer) packed(field, n int, each func(i int)) {
	if n == 0 {
		return
	}
	w.tag(field, typeBytes)
	w.nested(func() {
		for i := range n {
			each(i)
		}
	})
}

// uint32s writes varints as one field. It is packed without a call for each.
func (w *writer) uint32s(field int, list []uint32) {
	if len(list) == 0 {
		return
	}
	w.tag(field, typeBytes)
	n := len(list)
	for _, x := range list {
		for ; x >= 0x80; x >>= 7 {
			n++
		}
	}
	w.varint(uint64(n))
	w.b = slices.Grow(w.b, n)
	for _, x := range list {
		for ; x >= 0x80; x >>= 7 {
			w.b = append(w.b, byte(x)|0x80)
		}
		w.b = append(w.b, byte(x))
	}
}

func zigzag(x int64) uint64   { return uint64(x<<1) ^ uint64(x>>63) }
func unzigzag(x uint64) int64 { return int64(x>>1) ^ -int64(x&1) }

var (
	errTruncated = errors.New("wire: message ends in the middle of a field")
	errVarint    = errors.New("wire: varint is longer than 64 bits")
	errUTF8      = errors.New("wire: text is not valid UTF-8")
)

// reader walks the fields of one message. The first error sticks.
type reader struct {
	b   []byte
	err error

	field, wireType int
	value           uint64 // of a scalar field
	data            []byte // of a length-delimited field, shared with the input
}

// next moves to the next field; false at the end or after an error.
func (r *reader) next() bool {
	if r.err != nil || len(r.b) == 0 {
		return false
	}
	tag := r.varint()
	r.field, r.wireType = int(tag>>3), int(tag&7)
	if r.err == nil && (tag>>3 == 0 || tag>>3 > 1<<29-1) {
		r.err = errors.New("wire: field number is out of range")
	}
	r.value, r.data = 0, nil
	switch r.wireType {
	case typeVarint:
		r.value = r.varint()
	case type64:
		r.value = r.fixed(8)
	case type32:
		r.value = r.fixed(4)
	case typeBytes:
		n := r.varint()
		if r.err == nil && n > uint64(len(r.b)) {
			r.err = errTruncated
		}
		if r.err == nil {
			r.data, r.b = r.b[:n:n], r.b[n:]
		}
	default:
		if r.err == nil {
			r.err = errors.New("wire: unknown wire type " + strconv.Itoa(r.wireType))
		}
	}
	return r.err == nil
}

func (r *reader) varint() uint64 {
	var x uint64
	for shift := uint(0); shift < 64; shift += 7 {
		if len(r.b) == 0 {
			r.fail(errTruncated)
			return 0
		}
		c := r.b[0]
		r.b = r.b[1:]
		if shift == 63 && c > 1 {
			break
		}
		x |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return x
		}
	}
	r.fail(errVarint)
	return 0
}

func (r *reader) fixed(n int) uint64 {
	if len(r.b) < n {
		r.fail(errTruncated)
		return 0
	}
	b := r.b[:n]
	r.b = r.b[n:]
	if n == 4 {
		return uint64(word(b))
	}
	return double(b)
}

// word and double are the bytes of a 32-bit and a 64-bit field: one load each, where a
// guest pays for the turns of a loop.
func word(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

func double(b []byte) uint64 {
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// fail keeps the first error.
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// want checks the wire type of the current field.
func (r *reader) want(wireType int) bool {
	if r.wireType != wireType {
		r.fail(errors.New("wire: field " + strconv.Itoa(r.field) + ": expected wire type " + strconv.Itoa(wireType) + ", found " + strconv.Itoa(r.wireType)))
		return false
	}
	return true
}

func (r *reader) uint() uint64 { r.want(typeVarint); return r.value }
func (r *reader) bool() bool   { return r.uint() != 0 }
func (r *reader) sint() int64  { return unzigzag(r.uint()) }
func (r *reader) double() float64 {
	r.want(type64)
	return math.Float64frombits(r.value)
}

// int is a varint that must fit a non-negative 32-bit integer.
func (r *reader) int() int {
	x := r.uint()
	if x > math.MaxInt32 {
		r.fail(errors.New("wire: field " + strconv.Itoa(r.field) + " is out of range"))
		return 0
	}
	return int(x)
}

func (r *reader) string() string {
	if r.want(typeBytes) && !utf8.Valid(r.data) {
		r.fail(errUTF8)
		return ""
	}
	return string(r.data)
}

// bytes is a copy, so that a message outlives the buffer it came in.
func (r *reader) bytes() []byte {
	r.want(typeBytes)
	return append([]byte(nil), r.data...)
}

// message decodes a nested message.
func (r *reader) message(decode func(*reader)) {
	if !r.want(typeBytes) {
		return
	}
	sub := reader{b: r.data}
	decode(&sub)
	r.fail(sub.err)
}

// uint32s appends the varints of a repeated field to list; a larger one is the largest
// of 32 bits. It is each without a call for each, as batches of crops have many.
func (r *reader) uint32s(list []uint32) []uint32 {
	if r.wireType != typeBytes {
		r.each(typeVarint, func(x uint64) { list = append(list, uint32(min(x, math.MaxUint32))) })
		return list
	}
	list = slices.Grow(list, len(r.data))
	sub := reader{b: r.data}
	for len(sub.b) > 0 && sub.err == nil {
		c := uint32(sub.b[0])
		if c < 0x80 {
			sub.b = sub.b[1:]
			list = append(list, c)
			continue
		}
		if len(sub.b) > 1 && sub.b[1] < 0x80 {
			list = append(list, c&0x7f|uint32(sub.b[1])<<7)
			sub.b = sub.b[2:]
			continue
		}
		list = append(list, uint32(min(sub.varint(), math.MaxUint32)))
	}
	r.fail(sub.err)
	return list
}

// words is uint32s for fields of 32 bits.
func (r *reader) words(list []uint32) []uint32 {
	if r.wireType != typeBytes || len(r.data)%4 != 0 {
		r.each(type32, func(x uint64) { list = append(list, uint32(x)) })
		return list
	}
	list = slices.Grow(list, len(r.data)/4)
	for b := r.data; len(b) > 0; b = b[4:] {
		list = append(list, word(b))
	}
	return list
}

// doubles is words for fields of 64 bits.
func (r *reader) doubles(list []float64) []float64 {
	if r.wireType != typeBytes || len(r.data)%8 != 0 {
		r.each(type64, func(x uint64) { list = append(list, math.Float64frombits(x)) })
		return list
	}
	list = slices.Grow(list, len(r.data)/8)
	for b := r.data; len(b) > 0; b = b[8:] {
		list = append(list, math.Float64frombits(double(b)))
	}
	return list
}

// each calls f with every scalar of a repeated field, packed or not.
func (r *reader) each(wireType int, f func(x uint64)) {
	if r.wireType == wireType {
		f(r.value)
		return
	}
	if !r.want(typeBytes) {
		return
	}
	sub := reader{b: r.data}
	for len(sub.b) > 0 && sub.err == nil {
		switch wireType {
		case typeVarint:
			f(sub.varint())
		case type64:
			f(sub.fixed(8))
		default:
			f(sub.fixed(4))
		}
	}
	r.fail(sub.err)
}
