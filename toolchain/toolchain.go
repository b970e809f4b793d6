// Package toolchain owns how a folder of sources becomes artifacts: a row for each
// language, with the file that tells its folders, and what builds them so that the
// same sources give the same bytes. Start from [Of].
package toolchain

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fwlab/fw/sdks"
	"github.com/fwlab/fw/sdks/python"
)

// Job is one artifact to build.
type Job struct {
	Dir      string // of the sources
	Out      string // file to write, absolute
	Carrier  string // wasm or process
	Platform string // of a process, as linux/amd64; any where one file runs on all
}

// Target is a sort of artifact.
type Target struct {
	Carrier  string
	Ext      string // of the artifact's name
	Anywhere bool   // one file runs on every platform
}

var (
	module  = Target{Carrier: "wasm", Ext: ".wasm", Anywhere: true}
	program = Target{Carrier: "process"}
	archive = Target{Carrier: "process", Ext: ".pyz", Anywhere: true}
)

// Language is a row of the table.
type Language struct {
	Name    string
	Sign    string   // a file that a folder of it has, as a pattern
	Targets []Target // that it builds to, the usual one first
	Build   func(context.Context, Job) error
}

var languages = slices.Concat([]Language{{"go", "go.mod", []Target{module, program}, buildGo}}, others(),
	[]Language{{"python", python.Source, []Target{archive}, buildPython}})

// Target is what the language builds for a carrier.
func (l *Language) Target(carrier string) (Target, error) {
	var carriers []string
	for _, t := range l.Targets {
		if t.Carrier == carrier {
			return t, nil
		}
		carriers = append(carriers, t.Carrier)
	}
	return Target{}, fmt.Errorf("build: expected --carrier of %s in %s, found %q", strings.Join(carriers, " or "), l.Name, carrier)
}

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
