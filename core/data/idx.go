package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// maxIDX bounds the bytes of an unpacked IDX file.
const maxIDX = 1 << 30

// inflation is the most that DEFLATE makes of a byte.
const inflation = 1032

// readIDX reads an IDX file of unsigned bytes with the given rank, plain or
// gzipped as its first bytes say. With partial, a file that is cut short gives
// the items that are whole.
func readIDX(path string, rank int, partial bool) (dims []int, data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("expected a file")
	}
	if err == nil {
		dims, data, err = idx(f, info.Size(), rank, partial)
	}
	if err != nil {
		return nil, nil, wrapPath(path, err)
	}
	return dims, data, nil
}

// idx decodes the size bytes of r: two zeros, the type 8, the rank, a big-endian
// size for each dimension, and the values.
func idx(r io.Reader, size int64, rank int, partial bool) (dims []int, data []byte, err error) {
	in := bufio.NewReader(r)
	limit := size
	if magic, err := in.Peek(2); err == nil && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, nil, fmt.Errorf("idx: gzip: %w", err)
		}
		r, limit = z, min(size, maxIDX)*inflation
	} else {
		r = in
	}
	head := make([]byte, 4+4*rank)
	if n, err := io.ReadFull(r, head); err != nil {
		return nil, nil, fmt.Errorf("idx: expected a header of %d bytes, found %d: %w", len(head), n, err)
	}
	if head[0] != 0 || head[1] != 0 || head[2] != 8 || int(head[3]) != rank {
		return nil, nil, fmt.Errorf("idx: expected unsigned bytes of rank %d (00 00 08 %02x), found % x", rank, rank, head[:4])
	}
	n := uint64(1)
	for d := range rank {
		x := uint64(binary.BigEndian.Uint32(head[4+4*d:]))
		if n *= x; n > maxIDX {
			return nil, nil, fmt.Errorf("idx: the header says more than %d bytes", maxIDX)
		}
		dims = append(dims, int(x))
	}
	if n == 0 {
		return nil, nil, fmt.Errorf("idx: the header says %d, so there is nothing in it", dims)
	}
	if int64(n) > limit-int64(len(head)) && !partial {
		return nil, nil, fmt.Errorf("idx: expected %d bytes after the header, which says %d, but the file has %d in all; get it again", n, dims, size)
	}
	data, err = io.ReadAll(io.LimitReader(r, int64(n)+1))
	item := int(n) / dims[0]
	switch {
	case err == nil && uint64(len(data)) > n:
		return nil, nil, fmt.Errorf("idx: expected %d bytes after the header, which says %d, found more", n, dims)
	case err == nil && uint64(len(data)) == n:
		return dims, data, nil
	case partial && len(data) >= item:
		dims[0] = len(data) / item
		return dims, data[:dims[0]*item], nil
	case err != nil:
		return nil, nil, fmt.Errorf("idx: expected %d bytes after the header, found %d: %w; get it again", n, len(data), err)
	}
	return nil, nil, fmt.Errorf("idx: expected %d bytes after the header, found %d, cut short; get it again, or set allow_partial = true", n, len(data))
}
