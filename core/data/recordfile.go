package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// recordFile is a file of records of one size.
type recordFile struct {
	path    string
	record  int    // bytes
	count   int    // records as published
	what    string // of which set it is a part
	get     string // its name for fw data get
	partial bool   // fewer records will do
}

// records is how many there are, found without reading them.
func (f recordFile) records() (int, error) {
	want := int64(f.record) * int64(f.count)
	expected := fmt.Sprintf("expected %d bytes, %d records of %d, of %s", want, f.count, f.record, f.what)
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, fmt.Errorf("%w; %s%s", err, expected, f.cure())
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, fmt.Errorf("%s: %s, found something that is no file", f.path, expected)
	}
	size := info.Size()
	n := size / int64(f.record)
	switch {
	case size == 0:
		return 0, fmt.Errorf("%s: %s, found an empty file%s", f.path, expected, f.cure())
	case size > want:
		return 0, fmt.Errorf("%s: %s, found %d: not that file%s", f.path, expected, size, f.cure())
	case size < want && !(f.partial && n > 0):
		return 0, fmt.Errorf("%s: %s, found %d, cut short%s; or set allow_partial = true", f.path, expected, size, f.cure())
	}
	return int(n), nil
}

func (f recordFile) cure() string { return "; get it again: fw data get " + f.get }

// read is the whole records.
func (f recordFile) read() ([]byte, error) {
	n, err := f.records()
	if err != nil {
		return nil, err
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b := make([]byte, n*f.record)
	if k, err := file.ReadAt(b, 0); err != nil {
		return nil, fmt.Errorf("%s: expected %d bytes, found %d: %w", f.path, len(b), k, err)
	}
	return b, nil
}

// missing reports whether err says that there is no such file.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
