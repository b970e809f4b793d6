package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/checkpoint"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/tensor"
)

const vocabulary = `
[experiment]
name = "words"

[data]
dataset = "synthetic"
count = 64
classes = 4
image_size = 16

[backbone]
use = "fw/dvae-encoder"
codes = 8
hidden = 4
layers = 2

[pretext]
use = "fw/dvae"
code_dim = 4
hidden = 4

[optim]
base_lr = 0.5

[train]
epochs = 1
batch_size = 16
`

const guessing = `
[experiment]
name = "guess"

[data]
dataset = "synthetic"
count = 64
classes = 4
image_size = 16

[backbone]
use = "fw/vit"
patch = 4
dim = 16
heads = 2
depth = 1

[pretext]
use = "fw/beit"
patch = 4
codes = 8
masked = 6
min_block = 2
code_dim = 4
hidden = 4
layers = 2

[modules.tokenizer]
from = "WORDS"
module = "vae"

[optim]
name = "adamw"
lr = 0.01

[train]
epochs = 2
batch_size = 16
`

// tokenizer is a run of vocabulary, and the experiment file that uses it.
func tokenizer(t *testing.T) (run, file string) {
	t.Helper()
	run = filepath.Join(t.TempDir(), "words")
	if code, out := fw(t, "run", experimentFile(t, vocabulary), "--out", run); code != 0 {
		t.Fatal(out)
	}
	return run, experimentFile(t, strings.Replace(guessing, "WORDS", run, 1))
}

// A network of another run is used as it is there: a run that uses it keeps its hash,
// goes on where it stopped with the same result, and does not go on with another.
func TestModulesOfOtherRuns(t *testing.T) {
	t.Parallel()
	source, file := tokenizer(t)
	want := whole(t, file)
	dir := filepath.Join(t.TempDir(), "r")
	if code, out := fw(t, "run", file, "--out", dir, "--set", "train.steps=2"); code != 0 {
		t.Fatal(out)
	}
	before, err := checkpoint.At(rundir.Dir(source).Checkpoints()).Last()
	if err != nil {
		t.Fatal(err)
	}
	after, err := checkpoint.At(rundir.Dir(dir).Checkpoints()).Last()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for name, x := range before.Tensors {
		if within, ok := strings.CutPrefix(name, "param/vae."); ok {
			n++
			if !bytes.Equal(x.Data, after.Tensors["param/tokenizer."+within].Data) {
				t.Errorf("%s has changed", within)
			}
		}
	}
	if n == 0 {
		t.Error("the tokenizer has no parameters")
	}
	resolved, err := os.ReadFile(rundir.Dir(dir).Resolved())
	if err != nil || !strings.Contains(string(resolved), `sha256 = "`+sum(t, before.Path)+`"`) {
		t.Errorf("%v; no hash of %s in\n%s", err, before.Path, resolved)
	}

	moved := source + "-moved"
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	rename(source, moved)
	if code, out := fw(t, "run", "--resume", dir); code == 0 || !strings.Contains(out, "modules.tokenizer.from: expected a run's directory or a file: stat ") {
		t.Errorf("exit code %d without the source: %s", code, out)
	}
	if code, out := fw(t, "run", "--resume", dir, "--set", "train.steps=5", "--set", "modules.tokenizer.from="+moved); code != 0 {
		t.Errorf("from where it lies now: %s", out)
	}

	if code, out := fw(t, "run", experimentFile(t, vocabulary), "--out", source, "--set", "train.steps=1"); code != 0 {
		t.Fatal(out)
	}
	for _, args := range [][]string{{"--resume", dir, "--set", "modules.tokenizer.from=" + source}, {file, "--resume", dir}} {
		code, out := fw(t, append([]string{"run"}, args...)...)
		if code == 0 || !strings.Contains(out, "modules.tokenizer.sha256: ") {
			t.Errorf("%v: exit code %d with another tokenizer: %s", args, code, out)
		}
	}
	if code, out := fw(t, "run", "--resume", dir, "--set", "train.steps=0"); code != 0 {
		t.Fatal(out)
	}
	if !bytes.Equal(want, encoder(t, dir)) {
		t.Error("the encoder differs from that of a run without a stop")
	}
	png := filepath.Join(t.TempDir(), "views.png") // the view, what is seen, tokens and guesses
	if code, out := fw(t, "views", dir, "--samples", "2", "--out", png); code != 0 || !strings.Contains(out, "2 images, the original left, then 4 pictures of it") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// A source that is not what the experiment says is refused by fw check, at its place.
func TestCheckRefusesModules(t *testing.T) {
	t.Parallel()
	source, file := tokenizer(t)
	last := checkpoint.At(rundir.Dir(source).Checkpoints()).LastPath()
	cut := filepath.Join(t.TempDir(), "cut.safetensors")
	b, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	put(t, cut, b[:len(b)-1], 0o644)
	changed := filepath.Join(t.TempDir(), "changed.safetensors")
	b[len(b)-1] ^= 1
	put(t, changed, b, 0o644)
	from := func(path string) []string { return []string{"--set", "modules.tokenizer.from=" + path} }
	for want, args := range map[string][]string{
		"--set modules.tokenizer.from=nowhere: modules.tokenizer.from: expected a run's directory or a file: stat nowhere: ": from("nowhere"),
		":28:10: modules.tokenizer: " + last + ` has no module "vea"; it has vae`:                                            {"--set", "modules.tokenizer.module=vea"},
		last + " is a checkpoint: expected module, one of vae":                                                               append(from(last), "--set", `modules.tokenizer.module=""`),
		"backbone.encoder.0.0.weight: expected f32[5,3,4,4], as declared at vae.go":                                          {"--set", "pretext.hidden=5"},
		"has no backbone.encoder.4.0.weight":                                                                                 {"--set", "pretext.layers=3", "--set", "pretext.patch=8", "--set", "backbone.patch=8", "--set", "pretext.masked=2", "--set", "pretext.min_block=1"},
		"sha256: expected 000000000000…, " + last + " has ":                                                                  {"--set", "modules.tokenizer.sha256=" + strings.Repeat("0", 64)},
		"its images were normalised with mean [":                                                                             {"--set", "data.normalize=false"},
		"modules.other: pretext \"fw/beit\" takes no module of that name; it takes tokenizer":                                {"--set", "modules.other.from=" + source, "--set", "modules.other.module=vae"},
		"encoder.safetensors has no backbone.encoder.0.0.weight":                                                             {"--set", `modules.tokenizer.module=""`},
		`encoder.safetensors has no module "vae"; it has encoder`:                                                            from(filepath.Join(source, "encoder.safetensors")),
		"expected a run's directory or a file, " + os.DevNull + " is neither":                                                from(os.DevNull),
		cut + ": tensor \"":     from(cut),
		changed + " is damaged": from(changed),
		"x.toml:20:1: pretext.patch: plugin \"fw/beit\": expected a multiple of the 8 pixels of a token": {"--set", "pretext.layers=3"},
	} {
		code, out := fw(t, append([]string{"check", file}, args...)...)
		if code == 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, expected %q in:\n%s", code, want, out)
		}
	}
	none := experimentFile(t, strings.Replace(guessing, "[modules.tokenizer]\nfrom = \"WORDS\"\nmodule = \"vae\"\n", "", 1))
	if code, out := fw(t, "check", none); code == 0 || !strings.Contains(out, `modules.tokenizer: pretext "fw/beit" takes this module from elsewhere: expected a section [modules.tokenizer]`) {
		t.Errorf("exit code %d without the section: %s", code, out)
	}

	// The same network in a file of somebody else's, under another name.
	c, err := checkpoint.Load(last)
	if err != nil {
		t.Fatal(err)
	}
	var items []tensor.Item
	for name, x := range c.Tensors {
		if within, ok := strings.CutPrefix(name, "param/vae."); ok {
			items = append(items, tensor.Item{Name: "theirs." + within, Tensor: x})
		}
	}
	var plain bytes.Buffer
	if err := tensor.Write(&plain, items, nil); err != nil {
		t.Fatal(err)
	}
	theirs := filepath.Join(t.TempDir(), "theirs.safetensors")
	put(t, theirs, plain.Bytes(), 0o644)
	if code, out := fw(t, append([]string{"check", file, "--set", "modules.tokenizer.module=theirs"}, from(theirs)...)...); code != 0 {
		t.Errorf("exit code %d: %s", code, out)
	}
	if code, out := fw(t, "check", file); code != 0 || !strings.Contains(out, "module      tokenizer from "+source+", sha256 "+sum(t, last)[:12]+"…") {
		t.Errorf("exit code %d: %s", code, out)
	}
}
