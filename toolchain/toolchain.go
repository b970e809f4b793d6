// Package toolchain owns how a folder of sources becomes artifacts: a row for each
// language, with the file that tells its folders, and what builds them so that the
// same sources give the same bytes. Start from [Of].
package toolchain

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/fwlab/fw/sdks"
)

// Job is one artifact to build.
type Job struct {
	Dir      string // of the sources
	Out      string // file to write, absolute
	Carrier  string // wasm or process
	Platform string // of a process, as linux/amd64
}

// Language is a row of the table.
type Language struct {
	Name     string
	Sign     string   // a file that a folder of it has, as a pattern
	Carriers []string // that it builds to, the usual one first
	Build    func(context.Context, Job) error
}

var languages = append([]Language{{"go", "go.mod", []string{"wasm", "process"}, buildGo}}, others()...)

// MissingError is a compiler that is not there.
type MissingError = sdks.MissingError

// Of finds the language of a folder.
func Of(dir string) (*Language, error) {
	var signs []string
	for i := range languages {
		l := &languages[i]
		if found, err := filepath.Glob(filepath.Join(dir, l.Sign)); err == nil && len(found) > 0 {
			return l, nil
		}
		signs = append(signs, fmt.Sprintf("%s (%s)", l.Sign, l.Name))
	}
	return nil, fmt.Errorf("build: %s has no sources that are known: expected %s", dir, strings.Join(signs, " or "))
}

// failed is what a compiler says, which knows the place, under the command that ran.
func failed(command string, output []byte, err error) error {
	if text := strings.TrimSpace(string(output)); text != "" {
		err = errors.New(text)
	}
	return fmt.Errorf("build: %s:\n%w", command, err)
}
