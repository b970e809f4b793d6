package main

import (
	"bytes"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/tensor"
)

// rotationViT has a loss that is a mean over images, and a network without batch
// statistics.
const rotationViT = `
[experiment]
name = "rotation-vit"

[data]
dataset = "synthetic"
count = 90
classes = 4
holdout = 0.2
image_size = 12

[backbone]
use = "fw/vit"
patch = 4
dim = 32
heads = 2
depth = 3

[pretext]
use = "fw/rotation"

[optim]
base_lr = 0.5

[train]
epochs = 2
batch_size = 16
log_every_steps = 1
`

// rotationNet is the same task with batch statistics.
var rotationNet = strings.Replace(rotationViT, `use = "fw/vit"
patch = 4
dim = 32
heads = 2
depth = 3`, `use = "fw/resnet"
depth = 10
width = 8
stages = 2
stem = "cifar"`, 1)

func trained(t *testing.T, file string, args ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "run")
	if code, out := fw(t, append([]string{"run", file, "--out", dir}, args...)...); code != 0 {
		t.Fatal(out)
	}
	return dir
}

var arenaLine = regexp.MustCompile(`^arena (\S+ \S+) for`)

func arenaOf(t *testing.T, file string, args ...string) string {
	t.Helper()
	code, out := fw(t, append([]string{"graph", file, "--stage", "plan"}, args...)...)
	m := arenaLine.FindStringSubmatch(out)
	if code != 0 || m == nil {
		t.Fatal(out)
	}
	return m[1]
}

// A budget changes what is kept, not what is learnt; one that is too small is
// refused with the least that would do, and that does.
func TestMemoryBudget(t *testing.T) {
	t.Parallel()
	least := regexp.MustCompile(`--set train.memory=1kB: train: memory: the step needs at least (\d+) bytes`)
	for name, text := range map[string]string{"resnet": tiny, "resnet in bf16": bf16, "vit": rotationViT} {
		t.Run(name, func(t *testing.T) {
			file := experimentFile(t, text)
			code, out := fw(t, "check", file, "--memory", "1kB")
			m := least.FindStringSubmatch(out)
			if code == 0 || m == nil {
				t.Fatalf("exit code %d: %s", code, out)
			}
			budget := m[1] + "B"
			if all, some := arenaOf(t, file), arenaOf(t, file, "--memory", budget); all == some {
				t.Errorf("an arena of %s with and without a budget of %s", all, budget)
			}
			if !bytes.Equal(encoder(t, trained(t, file)), encoder(t, trained(t, file, "--memory", budget))) {
				t.Error("the encoder of a run with a budget has other bytes")
			}
			n, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			if code, out := fw(t, "check", file, "--memory", strconv.Itoa(n-1)+"B"); code == 0 || !strings.Contains(out, m[1]+" bytes") {
				t.Errorf("a byte less than the least: exit code %d: %s", code, out)
			}
			if code, out := fw(t, "check", file, "--memory", "a lot"); code == 0 || !strings.Contains(out, "expected a number with a unit") {
				t.Errorf("exit code %d: %s", code, out)
			}
		})
	}
}

// floats is every float of an encoder.
func floats(t *testing.T, dir string) (all []float32) {
	t.Helper()
	f, err := tensor.Open(filepath.Join(dir, "encoder.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range f.Names() {
		x, err := f.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, x.F32()...)
	}
	return all
}

// A batch in parts gives the weights of the whole batch up to rounding, where no
// statistics are over the batch. 72 images make 4 batches of 16 and a remainder,
// which is dropped either way.
func TestBatchInParts(t *testing.T) {
	t.Parallel()
	file := experimentFile(t, rotationViT)
	want := floats(t, trained(t, file))
	start := floats(t, trained(t, file, "--set", "optim.base_lr=1e-30"))
	moved := 0.0
	for i := range want {
		moved = max(moved, math.Abs(float64(want[i]-start[i])))
	}
	for _, part := range []string{"8", "2", "1"} {
		set := []string{"--set", "train.micro_batch=" + part}
		if code, out := fw(t, append([]string{"check", file}, set...)...); code != 0 || !strings.Contains(out, "8 in 2 epochs of 4") || !strings.Contains(out, "a batch of 16 in parts of "+part) || strings.Contains(out, "BatchNorm") {
			t.Errorf("exit code %d: %s", code, out)
		}
		got := floats(t, trained(t, file, set...))
		for i := range want {
			if d := math.Abs(float64(got[i] - want[i])); !(d <= 1e-4*moved) {
				t.Fatalf("parts of %s: element %d is %v, expected %v; training moves one by up to %.3g", part, i, got[i], want[i], moved)
			}
		}
	}
}

// What cannot be done in parts is refused, and what changes is said.
func TestPartsAreChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, set string
		ok        bool
		want      string
	}{
		{tiny, "train.micro_batch=8", false, "dot_general at ntxent.go:"},
		{rotationNet, "train.micro_batch=8", true, "BatchNorm's statistics are those of 8 images, not of 16"},
		{rotationNet, "train.micro_batch=5", false, "expected a divisor of train.batch_size (16), found 5; the nearest below is 4"},
		{rotationNet, "train.micro_batch=32", false, "expected a divisor of train.batch_size (16), found 32; the nearest below is 16"},
		{tiny, "train.micro_batch=16", true, "all is well"},
	} {
		code, out := fw(t, "check", experimentFile(t, c.text), "--set", c.set)
		if (code == 0) != c.ok || !strings.Contains(out, c.want) {
			t.Errorf("%s: exit code %d, expected %q:\n%s", c.set, code, c.want, out)
		}
	}
	if code, out := fw(t, "graph", experimentFile(t, tiny), "--stage", "update"); code == 0 || !strings.Contains(out, "does a batch at once") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// More workers than cores, a batch of one image, a part of one.
func TestOnes(t *testing.T) {
	t.Parallel()
	one := experimentFile(t, rotationViT)
	if !bytes.Equal(encoder(t, trained(t, one, "--set", "train.steps=2", "--workers", "1")), encoder(t, trained(t, one, "--set", "train.steps=2", "--workers", "33"))) {
		t.Error("33 workers give another encoder")
	}
	trained(t, one, "--set", "train.batch_size=1", "--set", "train.steps=3", "--memory", "100MB")
}
