package wasm

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"

	"github.com/fwlab/fw/core/abi"
)

// answers is a folder of what one module replied, a file for each request by its hash:
// a checksum, then the reply. Without a folder nothing is kept.
type answers struct{ dir string }

// mostAnswers bounds the files of a module.
const mostAnswers = 512

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (a answers) path(method abi.Method, request []byte) string {
	h := sha256.New()
	h.Write([]byte{byte(method)})
	h.Write(request)
	return filepath.Join(a.dir, hex.EncodeToString(h.Sum(nil)))
}

// find is the reply to a request, if it is there and whole.
func (a answers) find(method abi.Method, request []byte) ([]byte, bool) {
	if a.dir == "" {
		return nil, false
	}
	b, err := os.ReadFile(a.path(method, request))
	if err != nil || len(b) < 4 || binary.LittleEndian.Uint32(b) != crc32.Checksum(b[4:], castagnoli) {
		return nil, false
	}
	return b[4:], true
}

// add keeps a reply. Where there are too many, the oldest go.
func (a answers) add(method abi.Method, request, reply []byte) error {
	if a.dir == "" {
		return nil
	}
	err := os.MkdirAll(a.dir, 0o700)
	if err == nil {
		err = replace(a.path(method, request), append(binary.LittleEndian.AppendUint32(nil, crc32.Checksum(reply, castagnoli)), reply...))
	}
	if err == nil {
		err = a.prune()
	}
	if err != nil {
		return fmt.Errorf("wasm: cache: %w", err)
	}
	return nil
}

func (a answers) prune() error {
	files, err := os.ReadDir(a.dir)
	if err != nil || len(files) <= mostAnswers {
		return err
	}
	age := map[string]int64{}
	for _, f := range files {
		if info, err := f.Info(); err == nil { // another fw may have removed it
			age[f.Name()] = info.ModTime().UnixNano()
		}
	}
	slices.SortFunc(files, func(x, y os.DirEntry) int { return int(min(max(age[x.Name()]-age[y.Name()], -1), 1)) })
	for _, f := range files[:len(files)-mostAnswers/2] {
		os.Remove(filepath.Join(a.dir, f.Name()))
	}
	return nil
}

// replace writes a file whole or not at all.
func replace(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
