package tensor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/shape"
)

// File is an open safetensors file whose header has been checked against its
// size: every tensor lies within the file, none overlaps another, none leaves
// a gap. Nothing is read before it is asked for.
type File struct {
	name     string
	r        io.ReaderAt
	closer   io.Closer
	base     int64
	entries  map[string]entry
	shapes   map[string]shape.Shape
	metadata map[string]string
}

// Open opens the file at path. Its errors name the file and, where there is one, the tensor.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("tensor: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("tensor: %s is not a regular file", path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	file, err := NewFile(path, f, info.Size())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	file.closer = f
	return file, nil
}

// NewFile reads the header of a file of size bytes; name is for errors.
func NewFile(name string, r io.ReaderAt, size int64) (*File, error) {
	f := &File{name: name, r: r}
	if err := f.readHeader(size); err != nil {
		return nil, f.fail(err)
	}
	return f, nil
}

func (f *File) fail(err error) error {
	return fmt.Errorf("tensor: safetensors file %s: %w", f.name, err)
}

func (f *File) readHeader(size int64) error {
	var head [prefix]byte
	if size < prefix {
		return fmt.Errorf("expected at least %d bytes, found %d", prefix, size)
	}
	if err := f.readAt(head[:], 0); err != nil {
		return err
	}
	n := binary.LittleEndian.Uint64(head[:])
	if n > maxHeader || int64(n) > size-prefix {
		return fmt.Errorf("the header claims %d bytes, the file has %d: not a safetensors file, or cut short", n, size)
	}
	raw := make([]byte, n)
	if err := f.readAt(raw, prefix); err != nil {
		return err
	}
	entries, metadata, err := decodeHeader(raw)
	if err != nil {
		return err
	}
	f.base, f.metadata = prefix+int64(n), metadata
	return f.index(entries, size-f.base)
}

// index checks entries against the dataSize bytes behind the header.
func (f *File) index(entries []entry, dataSize int64) error {
	f.entries = make(map[string]entry, len(entries))
	f.shapes = make(map[string]shape.Shape, len(entries))
	slices.SortStableFunc(entries, func(a, b entry) int {
		switch {
		case a.begin < b.begin:
			return -1
		case a.begin > b.begin:
			return 1
		default:
			return 0
		}
	})
	var at int64
	for _, e := range entries {
		s, width, err := e.shape()
		if err != nil {
			return err
		}
		want := int64(s.Size()) * width
		switch {
		case e.end < e.begin || e.end-e.begin != want:
			return fmt.Errorf("tensor %q: %s%s takes %d bytes, its offsets [%d,%d] do not", e.name, e.kind, shape.DimsString(e.dims), want, e.begin, e.end)
		case e.begin < at:
			return fmt.Errorf("tensor %q: its offsets [%d,%d] overlap another tensor's", e.name, e.begin, e.end)
		case e.begin > at:
			return fmt.Errorf("tensor %q: a gap of %d bytes lies before it", e.name, e.begin-at)
		case e.end > dataSize:
			return fmt.Errorf("tensor %q: it ends at byte %d, but the data has %d bytes: the file is cut short", e.name, e.end, dataSize)
		}
		at = e.end
		f.entries[e.name], f.shapes[e.name] = e, s
	}
	if at != dataSize {
		return fmt.Errorf("%d bytes follow the last tensor", dataSize-at)
	}
	return nil
}

// shape is the tensor's shape in memory, and the bytes of one element in the file.
func (e entry) shape() (shape.Shape, int64, error) {
	d := dtype.Invalid
	for candidate, name := range fileNames {
		if name == e.kind {
			d = candidate
		}
	}
	width := int64(d.Size())
	if e.kind == i64 {
		d, width = dtype.I32, 8
	}
	if d == dtype.Invalid {
		return shape.Shape{}, 0, fmt.Errorf("tensor %q: element type %q is not one of F32, BF16, I32, I64, U32, U8, BOOL", e.name, e.kind)
	}
	s := shape.Of(d, e.dims...)
	if err := s.Check(); err != nil {
		return shape.Shape{}, 0, fmt.Errorf("tensor %q: %w", e.name, err)
	}
	return s, width, nil
}

// Names are the tensors' names in order.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.entries)) }

// Metadata are the strings of the header's __metadata__; the caller must not change them.
func (f *File) Metadata() map[string]string { return f.metadata }

// Shape is the shape that Read gives name; int64 tensors are read as i32.
func (f *File) Shape(name string) (s shape.Shape, ok bool) {
	s, ok = f.shapes[name]
	return s, ok
}

// Read reads one tensor. An int64 tensor becomes i32; values that do not fit
// are an error, as are bools other than 0 and 1.
func (f *File) Read(name string) (Tensor, error) {
	s, ok := f.shapes[name]
	if !ok {
		return Tensor{}, f.fail(fmt.Errorf("no tensor %q among its %d", name, len(f.entries)))
	}
	t := New(s)
	return t, f.ReadInto(name, t)
}

// ReadInto reads one tensor into dst, whose shape must be that of the file.
func (f *File) ReadInto(name string, dst Tensor) error {
	e, ok := f.entries[name]
	if !ok {
		return f.fail(fmt.Errorf("no tensor %q among its %d", name, len(f.entries)))
	}
	if s := f.shapes[name]; !s.Equal(dst.Shape) {
		return f.fail(fmt.Errorf("tensor %q: expected %s, found %s", name, dst.Shape, s))
	}
	var err error
	if e.kind == i64 {
		err = f.readInt64(e, dst.I32())
	} else {
		err = f.readAt(dst.Data, f.base+e.begin)
	}
	if err == nil && dst.Shape.DType == dtype.Bool {
		if i := slices.IndexFunc(dst.Data, func(b byte) bool { return b > 1 }); i >= 0 {
			err = fmt.Errorf("element %d is %d, not a bool", i, dst.Data[i])
			clear(dst.Data)
		}
	}
	if err != nil {
		return f.fail(fmt.Errorf("tensor %q: %w", name, err))
	}
	return nil
}

func (f *File) readInt64(e entry, dst []int32) error {
	var buf [8 * 1024]byte
	for at := e.begin; at < e.end; at += int64(len(buf)) {
		part := buf[:min(int64(len(buf)), e.end-at)]
		if err := f.readAt(part, f.base+at); err != nil {
			return err
		}
		for i := 0; i < len(part); i += 8 {
			v := int64(binary.LittleEndian.Uint64(part[i:]))
			if v < math.MinInt32 || v > math.MaxInt32 {
				return fmt.Errorf("int64 value %d does not fit i32", v)
			}
			dst[(at-e.begin)/8+int64(i/8)] = int32(v)
		}
	}
	return nil
}

// ReadAll reads every tensor.
func (f *File) ReadAll() (map[string]Tensor, error) {
	all := make(map[string]Tensor, len(f.entries))
	for _, name := range f.Names() {
		t, err := f.Read(name)
		if err != nil {
			return nil, err
		}
		all[name] = t
	}
	return all, nil
}

// Close closes a file that Open opened.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// readAt fills p; a file that has shrunk since it was opened is an error.
func (f *File) readAt(p []byte, at int64) error {
	n, err := f.r.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read %d bytes at byte %d: %w", len(p), at, err)
}
