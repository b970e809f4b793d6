package tensor

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Item is one tensor of a file.
type Item struct {
	Name   string
	Tensor Tensor
	// Int64 stores an i32 tensor as int64. PyTorch keeps BatchNorm's
	// num_batches_tracked so, and strict loading wants it.
	Int64 bool
}

// Items gives the tensors of m in order of name.
func Items(m map[string]Tensor) []Item {
	items := make([]Item, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		items = append(items, Item{Name: name, Tensor: m[name]})
	}
	return items
}

// Write streams items as one safetensors file. The bytes depend on names,
// tensors and metadata only, not on the order of items: the header lists names
// in order; the data begins with the widest elements, so that every tensor is
// aligned to its element size, as PyTorch needs. The data starts at a multiple of 8 bytes.
func Write(w io.Writer, items []Item, metadata map[string]string) error {
	items, err := arrange(items)
	if err != nil {
		return err
	}
	header, err := encodeHeader(items, metadata)
	if err != nil {
		return err
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return fmt.Errorf("tensor: write header: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("tensor: write header: %w", err)
	}
	for _, it := range items {
		if err := it.write(w); err != nil {
			return fmt.Errorf("tensor: write %q: %w", it.Name, err)
		}
	}
	return nil
}

// arrange checks items and puts them in the order of their data.
func arrange(items []Item) ([]Item, error) {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b Item) int {
		if a.width() != b.width() {
			return b.width() - a.width()
		}
		return strings.Compare(a.Name, b.Name)
	})
	seen := make(map[string]bool, len(items))
	for _, it := range items {
		s := it.Tensor.Shape
		switch {
		case it.Name == "" || it.Name == metadataKey || !utf8.ValidString(it.Name):
			return nil, fmt.Errorf("tensor: %q cannot name a tensor", it.Name)
		case seen[it.Name]:
			return nil, fmt.Errorf("tensor: two tensors are named %q", it.Name)
		case it.Int64 && fileNames[s.DType] != "I32":
			return nil, fmt.Errorf("tensor: %q: int64 is written from i32, found %s", it.Name, s)
		}
		if err := check(s); err != nil {
			return nil, fmt.Errorf("tensor: %q: %w", it.Name, err)
		}
		if len(it.Tensor.Data) != s.Bytes() {
			return nil, fmt.Errorf("tensor: %q: %s has %d bytes, expected %d", it.Name, s, len(it.Tensor.Data), s.Bytes())
		}
		seen[it.Name] = true
	}
	return items, nil
}

func (it Item) width() int {
	if it.Int64 {
		return 8
	}
	return it.Tensor.Shape.DType.Size()
}

func (it Item) kind() string {
	if it.Int64 {
		return i64
	}
	return fileNames[it.Tensor.Shape.DType]
}

func (it Item) write(w io.Writer) error {
	data := it.Tensor.Data
	if it.Int64 {
		data = make([]byte, 0, 8*it.Tensor.Shape.Size())
		for _, v := range it.Tensor.I32() {
			data = binary.LittleEndian.AppendUint64(data, uint64(int64(v)))
		}
	}
	_, err := w.Write(data)
	return err
}

func encodeHeader(items []Item, metadata map[string]string) ([]byte, error) {
	entries := make([]entry, 0, len(items))
	var at int64
	for _, it := range items {
		end := at + int64(it.width())*int64(it.Tensor.Shape.Size())
		entries = append(entries, entry{it.Name, it.kind(), it.Tensor.Shape.Dims, at, end})
		at = end
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })

	var b bytes.Buffer
	separator := byte('{')
	if len(metadata) > 0 {
		b.WriteByte(separator)
		writeString(&b, metadataKey)
		for i, key := range slices.Sorted(maps.Keys(metadata)) {
			if !utf8.ValidString(key) || !utf8.ValidString(metadata[key]) {
				return nil, fmt.Errorf("tensor: metadata %q is not UTF-8", key)
			}
			b.WriteString([]string{":{", ","}[min(i, 1)])
			writeString(&b, key)
			b.WriteByte(':')
			writeString(&b, metadata[key])
		}
		b.WriteByte('}')
		separator = ','
	}
	for _, e := range entries {
		b.WriteByte(separator)
		separator = ','
		writeString(&b, e.name)
		fmt.Fprintf(&b, `:{"dtype":"%s","shape":[%s],"data_offsets":[%d,%d]}`, e.kind, joinInts(e.dims), e.begin, e.end)
	}
	if separator == '{' {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > maxHeader {
		return nil, fmt.Errorf("tensor: the header has %d bytes, above the format's limit of %d", b.Len(), maxHeader)
	}
	return b.Bytes(), nil
}

// writeString writes s, valid UTF-8, as a JSON string.
func writeString(b *bytes.Buffer, s string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic("tensor: " + err.Error())
	}
	b.Truncate(b.Len() - 1) // Encode ends with a newline
}

func joinInts(v []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(v), "[]"), " ", ",")
}
