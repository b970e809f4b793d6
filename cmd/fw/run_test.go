package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host/process/confine"
	"github.com/fwlab/fw/plugins/builtin"
	"github.com/fwlab/fw/sdk"
)

// TestMain lets the test binary be fw, and the process of fw's own plugins.
func TestMain(m *testing.M) {
	confine.Main()
	switch {
	case filepath.Base(os.Args[0]) == moodyName:
		serveMoody()
	case os.Getenv(abi.CookieKey) == abi.CookieValue:
		sdk.Serve(builtin.Plugins()...)
	case os.Getenv("FW_TEST_MAIN") != "":
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	default:
		os.Exit(alone(m))
	}
}

// allTests is a folder for what the tests share, as long as they run.
var allTests string

// alone runs the tests with an empty home of fw's, and the builds in them without a network.
func alone(m *testing.M) int {
	var err error
	if allTests, err = os.MkdirTemp("", "fw-tests-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(allTests)
	os.Setenv("FW_HOME", filepath.Join(allTests, "home"))
	os.Setenv("GOPROXY", "off")
	return m.Run()
}

const tiny = `
[experiment]
name = "tiny"

[data]
dataset = "synthetic"
count = 64
classes = 4
image_size = 12

[backbone]
use = "fw/resnet"
depth = 10
width = 8
stages = 2
stem = "cifar"

[pretext]
use = "fw/simclr"
hidden = 16
out = 8

[optim]
base_lr = 0.5

[train]
epochs = 4
batch_size = 16

[[eval]]
protocol = "knn"
k = 5
`

func fw(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var b bytes.Buffer
	code = run(args, &b, &b)
	return code, b.String()
}

func experimentFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.toml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func encoder(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "encoder.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// boxes makes the tiny experiment crop by boxes, found after each epoch but the last.
var boxes = tiny + `
[crop]
use = "fw/contrastive-crop"

[localization]
warmup_epochs = 1
every_epochs = 1
threshold = 0.5
`

// bf16 stores the tiny experiment's activations as bfloat16.
var bf16 = strings.Replace(tiny, "[train]", "[train]\nprecision = \"bf16\"", 1)

// parts does batches in parts, each with statistics of its own.
var parts = strings.Replace(rotationNet, "[train]", "[train]\nmicro_batch = 4", 1)

// The same bytes for any number of workers, and after SIGKILL and resume.
func TestRunIsDeterministic(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"tiny": tiny, "boxes": boxes, "bf16": bf16, "parts": parts} {
		t.Run(name, func(t *testing.T) { isDeterministic(t, text) })
	}
}

func isDeterministic(t *testing.T, text string) {
	file, root := experimentFile(t, text), t.TempDir()
	var first []byte
	for _, workers := range []string{"1", "2", "3"} {
		dir := filepath.Join(root, workers)
		if code, out := fw(t, "run", file, "--workers", workers, "--out", dir); code != 0 {
			t.Fatal(out)
		}
		if b := encoder(t, dir); first == nil {
			first = b
		} else if !bytes.Equal(first, b) {
			t.Errorf("the encoder of %s workers differs", workers)
		}
	}
	_, dir := stopped(t, (*child).kill, file, "--workers", "1")
	if code, out := fw(t, "run", file, "--resume", dir); code != 0 {
		t.Fatal(out)
	}
	if !bytes.Equal(first, encoder(t, dir)) {
		t.Error("the encoder after kill and resume differs")
	}
}

func TestErrorsNameTheirPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", strings.Replace(tiny, "epochs = 4", "epoch = 4", 1), `did you mean "epochs"?`},
		{"unknown plugin", strings.Replace(tiny, "fw/simclr", "fw/simclear", 1), `did you mean "fw/simclr"?`},
		{"out of range", strings.Replace(tiny, "batch_size = 16", "batch_size = 0", 1), "x.toml:28:14: train.batch_size"},
		{"batch too large", strings.Replace(tiny, "batch_size = 16", "batch_size = 1000", 1), "the training set has"},
		{"missing data", strings.Replace(tiny, `dataset = "synthetic"
count = 64
classes = 4`, `dataset = "cifar10"
path = "nowhere"`, 1), "data_batch_1.bin"},
		{"wrong loss", tiny + "\n[loss]\nuse = \"fw/cross-entropy\"\n", "needs a loss of signature contrast"},
		{"scales the wrong way round", tiny + "\n[crop]\nuse = \"fw/random-resized-crop\"\nmin_scale = 0.5\nmax_scale = 0.25\n",
			`:36:1: crop.min_scale: plugin "fw/random-resized-crop": expected at most max_scale, which is 0.25, found 0.5`},
		{"ratios the wrong way round", strings.Replace(boxes, "[localization]", "min_ratio = 2\n\n[localization]", 1), `crop.min_ratio: plugin "fw/contrastive-crop": expected at most max_ratio`},
		{"patches", strings.Replace(tiny, `use = "fw/resnet"
depth = 10
width = 8
stages = 2
stem = "cifar"`, `use = "fw/vit"
patch = 5`, 1), `:13:1: backbone.patch: plugin "fw/vit": images of 12 x 12 pixels do not divide into patches of 5`},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out := fw(t, "check", experimentFile(t, c.text))
			if code == 0 || !strings.Contains(out, c.want) {
				t.Errorf("exit code %d, expected an error with %q:\n%s", code, c.want, out)
			}
		})
	}
}

func TestAnExistingRunIsKept(t *testing.T) {
	dir := t.TempDir()
	if code, out := fw(t, "run", experimentFile(t, tiny), "--out", dir); code == 0 || !strings.Contains(out, "there already") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestResumeSaysWhatChanged(t *testing.T) {
	t.Parallel()
	file, dir := experimentFile(t, tiny), filepath.Join(t.TempDir(), "r")
	if code, out := fw(t, "run", file, "--set", "train.steps=1", "--out", dir); code != 0 {
		t.Fatal(out)
	}
	if code, out := fw(t, "run", file, "--set", "optim.base_lr=0.25", "--set", "data.count=80", "--resume", dir); code == 0 || !strings.Contains(out, "optim.base_lr: 0.5, now 0.25") || !strings.Contains(out, "data.count: 64, now 80") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestCountsAreChecked(t *testing.T) {
	file := experimentFile(t, tiny)
	for _, args := range [][]string{{"bench", file, "--steps", "0"}, {"bench", file, "--warmup=-1"}, {"bench", file, "--profile=-1"}, {"bench", file, "--seconds=-1"}, {"bench", file, "--profile=0", "--trace=x"}, {"views", file, "--samples", "0"}, {"views", file, "--epoch=-1"}} {
		if code, out := fw(t, args...); code != exitFailed || !strings.Contains(out, args[0]+": expected --") {
			t.Errorf("%v: exit code %d: %s", args, code, out)
		}
	}
}
