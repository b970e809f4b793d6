package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fwlab/fw/core/tensor"
)

// DamagedError is a checkpoint that must not be used: cut short, changed, or
// not a checkpoint. [Folder.Last] adds the newest good one beside it.
type DamagedError struct {
	Path   string
	Reason error
	// Looked says that the folder was searched for another; Good is what was
	// found, "" if nothing. GoodMeta is its place in the run.
	Looked   bool
	Good     string
	GoodMeta Meta
}

func (e *DamagedError) Error() string {
	s := fmt.Sprintf("checkpoint: %s is damaged: %v", e.Path, e.Reason)
	switch {
	case e.Good != "":
		s += fmt.Sprintf("; the newest good one is %s (epoch %d, step %d): copy it over the damaged file to go on from there", e.Good, e.GoodMeta.Epoch, e.GoodMeta.Step)
	case e.Looked:
		s += "; no other checkpoint in its folder is good: start the run anew"
	}
	return s
}

func (e *DamagedError) Unwrap() error { return e.Reason }

// Load reads and verifies the file at path: a *DamagedError, a *FormatError, or
// an error of the file system otherwise.
func Load(path string) (*Checkpoint, error) {
	var tensors map[string]tensor.Tensor
	m, err := inspect(path, func(f *tensor.File) (err error) {
		tensors, err = f.ReadAll()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Checkpoint{Path: path, Meta: m, Tensors: tensors}, nil
}

// Is reports whether a file with that metadata is a checkpoint, of whatever format.
func Is(metadata map[string]string) bool { _, ok := metadata[keyFormat]; return ok }

// Verify checks the whole file at path without keeping its tensors.
func Verify(path string) (Meta, error) {
	return inspect(path, func(*tensor.File) error { return nil })
}

func inspect(path string, read func(*tensor.File) error) (Meta, error) {
	f, err := os.Open(path)
	if err != nil {
		return Meta{}, fmt.Errorf("checkpoint: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Meta{}, fmt.Errorf("checkpoint: %w", err)
	}
	file, err := tensor.NewFile(path, f, info.Size())
	if err != nil {
		return Meta{}, &DamagedError{Path: path, Reason: err}
	}
	err = verify(f, info.Size(), file.Metadata()[keySum])
	if !Is(file.Metadata()) {
		err = errors.New("it is a safetensors file, but not a checkpoint")
	}
	var m Meta
	if err == nil {
		m, err = decode(file.Metadata())
	}
	if newer := (*FormatError)(nil); errors.As(err, &newer) {
		return Meta{}, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	if err == nil {
		err = read(file)
	}
	if err != nil {
		return Meta{}, &DamagedError{Path: path, Reason: err}
	}
	return m, nil
}

// verify compares want with the hash over the file of size bytes, in which
// zeros take want's place. The header's length has been checked. The seal is
// the same in all formats, so that a newer file is known from a damaged one.
func verify(r io.ReaderAt, size int64, want string) error {
	all := io.NewSectionReader(r, 0, size)
	var length [8]byte
	if _, err := io.ReadFull(all, length[:]); err != nil {
		return err
	}
	header := make([]byte, binary.LittleEndian.Uint64(length[:]))
	if _, err := io.ReadFull(all, header); err != nil {
		return err
	}
	seal := []byte(`"` + keySum + `":"` + want + `"`)
	if len(want) != len(zeroSum) || bytes.Count(header, seal) != 1 {
		return errors.New("its hash is not written as fw writes it")
	}
	sum := sha256.New()
	sum.Write(length[:])
	sum.Write(bytes.Replace(header, seal, []byte(`"`+keySum+`":"`+zeroSum+`"`), 1))
	if _, err := io.Copy(sum, all); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("its content has sha256 %.12s…, it was saved with %.12s…", got, want)
	}
	return nil
}
