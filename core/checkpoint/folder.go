package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/tensor"
)

// LastName is the file that a run goes on from.
const LastName = "last.safetensors"

var epochName = regexp.MustCompile(`^epoch-([0-9]{4,9})\.safetensors$`)

// Folder is a run's folder of checkpoints: "last" and "epoch-0100" and so on.
// One process may write there at a time.
type Folder struct {
	path string
	keep int
	wrap func(io.Writer) io.Writer // a test's way to a full disk
}

// At is an existing folder, to read from.
func At(path string) *Folder { return &Folder{path: path} }

// OpenFolder opens or creates the folder, and removes what a killed run left
// unfinished. SaveEpoch keeps the newest keep epochs; 0 keeps all.
func OpenFolder(path string, keep int) (*Folder, error) {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	if err := atomicfile.Clean(path); err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	return &Folder{path: path, keep: keep, wrap: func(w io.Writer) io.Writer { return w }}, nil
}

// LastPath is the path of the checkpoint that Save writes.
func (f *Folder) LastPath() string { return filepath.Join(f.path, LastName) }

// EpochPath is the path of the checkpoint that SaveEpoch writes for an epoch.
func (f *Folder) EpochPath(epoch int) string {
	return filepath.Join(f.path, fmt.Sprintf("epoch-%04d.safetensors", epoch))
}

// Save replaces "last". On any error the one before stays as it was.
func (f *Folder) Save(m Meta, items []tensor.Item) error {
	return write(f.LastPath(), m, items, f.wrap)
}

// SaveEpoch saves "last", then a copy for m.Epoch that stays, and removes the
// oldest epochs beyond those to keep.
func (f *Folder) SaveEpoch(m Meta, items []tensor.Item) error {
	if err := f.Save(m, items); err != nil {
		return err
	}
	if err := write(f.EpochPath(m.Epoch), m, items, f.wrap); err != nil {
		return err
	}
	epochs, err := f.Epochs()
	if err != nil || f.keep == 0 {
		return err
	}
	for _, e := range epochs[:max(0, len(epochs)-f.keep)] {
		if err := os.Remove(f.EpochPath(e)); err != nil {
			return fmt.Errorf("checkpoint: remove an old epoch: %w", err)
		}
	}
	return nil
}

// Epochs are the epochs kept, in order.
func (f *Folder) Epochs() ([]int, error) {
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	var epochs []int
	for _, e := range entries {
		if m := epochName.FindStringSubmatch(e.Name()); m != nil {
			if n, _ := strconv.Atoi(m[1]); filepath.Base(f.EpochPath(n)) == e.Name() {
				epochs = append(epochs, n)
			}
		}
	}
	slices.Sort(epochs)
	return epochs, nil
}

// Last loads "last". Where there is none the error is os.ErrNotExist; where it
// is damaged a *DamagedError names the newest epoch that is good.
func (f *Folder) Last() (*Checkpoint, error) {
	c, err := Load(f.LastPath())
	var damaged *DamagedError
	if !errors.As(err, &damaged) {
		return c, err
	}
	damaged.Looked = true
	epochs, err := f.Epochs()
	if err != nil {
		return nil, errors.Join(damaged, err)
	}
	for _, e := range slices.Backward(epochs) {
		if m, err := Verify(f.EpochPath(e)); err == nil {
			damaged.Good, damaged.GoodMeta = f.EpochPath(e), m
			break
		}
	}
	return nil, damaged
}
