package core

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/checkpoint"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
)

// borrow reads the networks that the experiment takes from elsewhere, and gives the
// experiment with the hashes of what it read.
func borrow(e *experiment.Experiment, set *data.Set) (*experiment.Experiment, map[string]train.Module, error) {
	all := map[string]train.Module{}
	for _, m := range e.Modules() {
		path, err := source(m)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: modules.%s.from: %w", e.Where("modules."+m.Name+".from"), m.Name, err)
		}
		b, err := read(path, m.Module)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: modules.%s: %w", e.Where("modules."+m.Name), m.Name, err)
		}
		if m.SHA256 != "" && m.SHA256 != b.sum {
			return nil, nil, fmt.Errorf("%s: modules.%s.sha256: expected %.12s…, %s has %.12s…: it is not what this experiment was made with; put that file back, or start a new run with the key left out",
				e.Where("modules."+m.Name+".sha256"), m.Name, m.SHA256, path, b.sum)
		}
		if err := b.sees(set); err != nil {
			return nil, nil, fmt.Errorf("%s: modules.%s: %s: %w", e.Where("modules."+m.Name), m.Name, path, err)
		}
		e, all[m.Name] = e.Bound(m.Name, b.sum), train.Module{Source: path, Tensors: b.tensors}
	}
	return e, all, nil
}

// source is the file that a module is in: of a run what it exported, or its last
// checkpoint where a module of it is meant.
func source(m experiment.Module) (string, error) {
	info, err := os.Stat(m.From)
	if err != nil {
		return "", fmt.Errorf("expected a run's directory or a file: %w", err)
	}
	if info.Mode().IsRegular() {
		return m.From, nil
	}
	if !info.IsDir() {
		return "", fmt.Errorf("expected a run's directory or a file, %s is neither", m.From)
	}
	dir, err := rundir.At(m.From)
	if err != nil {
		return "", err
	}
	path := dir.Encoder()
	if m.Module != "" {
		path = checkpoint.At(dir.Checkpoints()).LastPath()
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s has not come so far: %w", m.From, err)
	}
	return path, nil
}

// borrowed is a module of a file.
type borrowed struct {
	sum     string // sha256 of the file
	meta    map[string]string
	tensors map[string]tensor.Tensor
}

// read takes the tensors under a module's name from a file, "" for all of it. Names
// are those within the module; of a checkpoint what the optimizer keeps is left.
func read(path, module string) (*borrowed, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := tensor.NewFile(path, f, info.Size())
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, info.Size())); err != nil {
		return nil, err
	}
	b := &borrowed{hex.EncodeToString(sum.Sum(nil)), file.Metadata(), map[string]tensor.Tensor{}}
	prefixes := []string{""}
	if checkpoint.Is(b.meta) {
		c, err := checkpoint.Verify(path)
		if err != nil {
			return nil, err
		}
		b.meta, prefixes = c.Extra, []string{link.ParamPrefix, link.StatePrefix}
		if module == "" {
			return nil, fmt.Errorf("%s is a checkpoint: expected module, one of %s", path, scopes(file, prefixes))
		}
	}
	for _, prefix := range prefixes {
		if module != "" {
			prefix += module + "."
		}
		for _, name := range file.Names() {
			within, ok := strings.CutPrefix(name, prefix)
			if !ok {
				continue
			}
			if b.tensors[within], err = file.Read(name); err != nil {
				return nil, err
			}
		}
	}
	if len(b.tensors) == 0 {
		return nil, fmt.Errorf("%s has no module %q; it has %s", path, module, scopes(file, prefixes))
	}
	return b, nil
}

// scopes are the outermost modules of a file, in words.
func scopes(file *tensor.File, prefixes []string) string {
	found := map[string]bool{}
	for _, prefix := range prefixes {
		for _, name := range file.Names() {
			if rest, ok := strings.CutPrefix(name, prefix); ok {
				if scope, _, ok := strings.Cut(rest, "."); ok {
					found[scope] = true
				}
			}
		}
	}
	if len(found) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(found)), ", ")
}

// sees refuses a network whose images were normalised otherwise than this run's, where
// its file says how.
func (b *borrowed) sees(set *data.Set) error {
	for _, x := range []struct {
		name string
		here []float64
	}{{"mean", set.Mean}, {"std", set.Std}} {
		var there []float64
		if err := json.Unmarshal([]byte(b.meta[x.name]), &there); err == nil && !slices.Equal(there, x.here) {
			return fmt.Errorf("its images were normalised with %s %v, this run's are with %v", x.name, there, x.here)
		}
	}
	return nil
}
