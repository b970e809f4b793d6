// Package checkpoint owns the files that a run goes on from: all named state
// after a step, sealed by a hash, replaced whole or not at all. It does not
// know what the state means. Start from [Folder]; one file is read by [Load].
package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/tensor"
)

// Meta says where in which run a checkpoint was taken.
type Meta struct {
	Step       int               // optimizer steps done
	Epoch      int               // epochs done
	Experiment string            // sha256 of the resolved experiment
	Lock       string            // sha256 of fw.lock
	FW         string            // version of fw that wrote the file
	Go         string            // version of Go it was built with
	Extra      map[string]string // small facts of the caller
}

// Checkpoint is a file's content.
type Checkpoint struct {
	Path    string
	Meta    Meta
	Tensors map[string]tensor.Tensor
}

// The metadata of a checkpoint file, next to the caller's own under "x.".
const (
	keyFormat     = "fw.checkpoint"
	keyStep       = "fw.step"
	keyEpoch      = "fw.epoch"
	keyExperiment = "fw.experiment"
	keyLock       = "fw.lock"
	keyFW         = "fw.version"
	keyGo         = "fw.go"
	keySum        = "fw.sha256"
	extraPrefix   = "x."

	format = 1
)

// zeroSum stands for the hash while the hash is taken: it covers every byte of
// the file, with these digits in its own place.
var zeroSum = strings.Repeat("0", 2*sha256.Size)

// write replaces the file at path, or leaves it as it was.
func write(path string, m Meta, items []tensor.Item, wrap func(io.Writer) io.Writer) error {
	metadata := m.encode()
	metadata[keySum] = zeroSum
	sum := sha256.New()
	err := tensor.Write(sum, items, metadata)
	if err == nil {
		metadata[keySum] = hex.EncodeToString(sum.Sum(nil))
		err = atomicfile.Write(path, func(w io.Writer) error { return tensor.Write(wrap(w), items, metadata) })
	}
	if err != nil {
		return fmt.Errorf("checkpoint: save step %d: %w", m.Step, err)
	}
	return nil
}

func (m Meta) encode() map[string]string {
	out := map[string]string{
		keyFormat: strconv.Itoa(format), keyStep: strconv.Itoa(m.Step), keyEpoch: strconv.Itoa(m.Epoch),
		keyExperiment: m.Experiment, keyLock: m.Lock, keyFW: m.FW, keyGo: m.Go,
	}
	for k, v := range m.Extra {
		out[extraPrefix+k] = v
	}
	return out
}

// decode reads what encode wrote; it takes entries away from a copy of
// metadata, and whatever is left at the end is refused.
func decode(metadata map[string]string) (Meta, error) {
	left := maps.Clone(metadata)
	var missing error
	take := func(key string) string {
		v, ok := left[key]
		if !ok && missing == nil {
			missing = fmt.Errorf("it has no %s", key)
		}
		delete(left, key)
		return v
	}
	number := func(key string) int {
		n, err := strconv.Atoi(take(key))
		if (err != nil || n < 0) && missing == nil {
			missing = fmt.Errorf("%s is %q, not a count", key, metadata[key])
		}
		return n
	}
	if v := number(keyFormat); missing == nil && v != format {
		return Meta{}, &FormatError{Found: v}
	}
	m := Meta{
		Step: number(keyStep), Epoch: number(keyEpoch),
		Experiment: take(keyExperiment), Lock: take(keyLock), FW: take(keyFW), Go: take(keyGo),
	}
	take(keySum)
	for _, k := range slices.Sorted(maps.Keys(left)) {
		name, ok := strings.CutPrefix(k, extraPrefix)
		if !ok {
			return Meta{}, fmt.Errorf("unknown metadata %q", k)
		}
		if m.Extra == nil {
			m.Extra = map[string]string{}
		}
		m.Extra[name] = left[k]
	}
	return m, missing
}

// FormatError is a checkpoint of a format that this fw does not read.
type FormatError struct{ Found int }

func (e *FormatError) Error() string {
	return fmt.Sprintf("checkpoint format %d, this fw reads %d: use the fw that wrote it", e.Found, format)
}
