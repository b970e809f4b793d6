package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/tensor"
)

// state is what a run would save after step: the step is in every tensor.
func state(step int) (Meta, []tensor.Item) {
	w := tensor.FromF32(make([]float32, 5000), 50, 100)
	for i := range w.F32() {
		w.F32()[i] = float32(step)
	}
	m := Meta{Step: step, Epoch: step / 10, Experiment: "e1", Lock: "l1", FW: "0.1", Go: "go1.26", Extra: map[string]string{"k": "v"}}
	return m, []tensor.Item{{Name: "w", Tensor: w}, {Name: "step", Tensor: tensor.FromI32([]int32{int32(step)})}}
}

// is checks that c is the whole state of one step, and returns it.
func is(t *testing.T, c *Checkpoint) int {
	t.Helper()
	for _, v := range c.Tensors["w"].F32() {
		if v != float32(c.Meta.Step) {
			t.Fatalf("step %d has a weight of step %v", c.Meta.Step, v)
		}
	}
	return c.Meta.Step
}

func folder(t *testing.T, keep int) *Folder {
	t.Helper()
	f, err := OpenFolder(filepath.Join(t.TempDir(), "checkpoints"), keep)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func save(t *testing.T, save func(Meta, []tensor.Item) error, step int) {
	t.Helper()
	m, items := state(step)
	if err := save(m, items); err != nil {
		t.Fatal(err)
	}
}

func TestSaveAndLoad(t *testing.T) {
	f := folder(t, 0)
	if _, err := f.Last(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty folder gives %v", err)
	}
	save(t, f.Save, 12)
	c, err := f.Last()
	if err != nil {
		t.Fatal(err)
	}
	want, _ := state(12)
	if is(t, c); !reflect.DeepEqual(c.Meta, want) || c.Tensors["step"].I32()[0] != 12 {
		t.Errorf("got %+v", c.Meta)
	}
}

func TestSaveIsDeterministic(t *testing.T) {
	f := folder(t, 0)
	save(t, f.SaveEpoch, 10)
	a, _ := os.ReadFile(f.LastPath())
	b, _ := os.ReadFile(f.EpochPath(1))
	if len(a) == 0 || !bytes.Equal(a, b) {
		t.Error("the same state gave other bytes")
	}
}

func TestKeepsTheNewestEpochs(t *testing.T) {
	f := folder(t, 2)
	for _, step := range []int{10, 20, 30, 100_000} {
		save(t, f.SaveEpoch, step)
	}
	if got, err := f.Epochs(); err != nil || !reflect.DeepEqual(got, []int{3, 10_000}) {
		t.Errorf("kept %v, %v", got, err)
	}
}

// TestEveryBitCounts flips each bit of the start, and a bit of every 97th byte behind it.
func TestEveryBitCounts(t *testing.T) {
	f := folder(t, 0)
	save(t, f.Save, 3)
	good, err := os.ReadFile(f.LastPath())
	if err != nil {
		t.Fatal(err)
	}
	header := 8 + int(binary.LittleEndian.Uint64(good))
	path := filepath.Join(t.TempDir(), "x")
	for i := 0; i < len(good); i++ {
		if i > header {
			i += 96
		}
		if i >= len(good) {
			break
		}
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if err := os.WriteFile(path, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(path); err == nil {
			t.Errorf("bit %d of byte %d flipped (%q): no error", i%8, i, good[i])
		}
	}
	for _, n := range []int{0, 7, 100, header, len(good) - 1} {
		if err := os.WriteFile(path, good[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		var damaged *DamagedError
		if _, err := Load(path); !errors.As(err, &damaged) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
}

func TestDamageNamesTheNewestGoodOne(t *testing.T) {
	f := folder(t, 0)
	for _, step := range []int{10, 20, 30} {
		save(t, f.SaveEpoch, step)
	}
	for _, path := range []string{f.LastPath(), f.EpochPath(3)} {
		if err := os.Truncate(path, 500); err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.Last()
	for _, want := range []string{"last.safetensors is damaged", "epoch-0002.safetensors (epoch 2, step 20)", "copy it over"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected %q in %v", want, err)
		}
	}
	for _, path := range []string{f.EpochPath(1), f.EpochPath(2)} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Last(); err == nil || !strings.Contains(err.Error(), "start the run anew") {
		t.Errorf("got %v", err)
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	for want, change := range map[string]func(m map[string]string){
		"not a checkpoint":            func(m map[string]string) { delete(m, keyFormat) },
		"use the fw that wrote it":    func(m map[string]string) { m[keyFormat] = "2" },
		`fw.step is "-1"`:             func(m map[string]string) { m[keyStep] = "-1" },
		`it has no fw.lock`:           func(m map[string]string) { delete(m, keyLock) },
		`unknown metadata "fw.other"`: func(m map[string]string) { m["fw.other"] = "" },
		"its hash is not written":     func(m map[string]string) { delete(m, keySum) },
		"it was saved with 111111":    func(m map[string]string) { m[keySum] = strings.Repeat("1", 64) },
	} {
		metadata := Meta{}.encode()
		metadata[keySum] = zeroSum
		change(metadata)
		if metadata[keySum] == zeroSum {
			sum := sha256.New()
			if err := tensor.Write(sum, nil, metadata); err != nil {
				t.Fatal(err)
			}
			metadata[keySum] = hex.EncodeToString(sum.Sum(nil))
		}
		var b bytes.Buffer
		if err := tensor.Write(&b, nil, metadata); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected %q, got %v", want, err)
		}
	}
}

var errFull = errors.New("no space left on device")

// fullDisk takes the first room bytes.
type fullDisk struct {
	w    io.Writer
	room int
}

func (d *fullDisk) Write(p []byte) (int, error) {
	n, err := d.w.Write(p[:min(len(p), d.room)])
	d.room -= n
	if err == nil && n < len(p) {
		err = errFull
	}
	return n, err
}

func TestAFullDiskKeepsTheOneBefore(t *testing.T) {
	f := folder(t, 0)
	save(t, f.Save, 1)
	info, err := os.Stat(f.LastPath())
	if err != nil {
		t.Fatal(err)
	}
	m, items := state(2)
	for room := 0; room < int(info.Size()); room += 1009 {
		f.wrap = func(w io.Writer) io.Writer { return &fullDisk{w, room} }
		if err := f.Save(m, items); !errors.Is(err, errFull) {
			t.Fatalf("room for %d bytes: %v", room, err)
		}
		c, err := f.Last()
		if err != nil || is(t, c) != 1 {
			t.Fatalf("room for %d bytes: the one before is lost: %v", room, err)
		}
	}
	if entries, _ := os.ReadDir(f.path); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}
