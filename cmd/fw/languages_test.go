package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/sdks"
)

// The examples of each SDK in place of the built-in plugins train the same weights,
// bit for bit.
func TestPluginsInOtherLanguagesTrainTheSameWeights(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped with -short: builds plugins and trains")
	}
	tasks := map[string]string{"simclr": "[pretext]\nuse = \"fw/simclr\"\n\n[loss]\nuse = \"fw/ntxent\"\ntemperature = 0.2\n", "rotation": "[pretext]\nuse = \"fw/rotation\"\n"}
	dir := t.TempDir()
	want := map[string][]byte{}
	train := func(t *testing.T, name, task string, more ...string) []byte {
		file, out := filepath.Join(dir, task+".toml"), filepath.Join(dir, name+"-"+task)
		put(t, file, []byte("[data]\ndataset = \"shapes\"\ncount = 160\nimage_size = 32\n\n[backbone]\nuse = \"fw/resnet\"\ndepth = 10\nwidth = 8\nstem = \"cifar\"\n\n"+tasks[task]+
			"\n[crop]\nuse = \"fw/contrastive-crop\"\nalpha = 0.3\n\n[localization]\nwarmup_epochs = 1\nevery_epochs = 1\n\n[optim]\nbase_lr = 0.1\n\n[train]\nepochs = 2\nbatch_size = 16\n"), 0o644)
		if code, text := fw(t, append([]string{"run", file, "--out", out}, more...)...); code != 0 {
			t.Fatalf("%s: %s", name, text)
		}
		return encoder(t, out)
	}
	for task := range tasks {
		want[task] = train(t, "built-in", task)
	}
	for _, l := range sdks.Languages() {
		t.Run(l.Name, func(t *testing.T) {
			folder := filepath.Join(dir, l.Name)
			if err := l.Copy(folder); err != nil {
				t.Fatal(err)
			}
			var list strings.Builder
			for _, p := range [][3]string{{"crop", "fw/contrastive-crop", "crop"}, {"ntxent", "fw/ntxent", "loss"}, {"rotation", "fw/rotation", "pretext"}} {
				module, source := filepath.Join(folder, p[0]+".wasm"), filepath.Join(folder, p[0]+l.Ext)
				text, err := os.ReadFile(source)
				if err != nil {
					t.Fatal(err)
				}
				put(t, source, bytes.Replace(text, []byte("1.0.0"), []byte("1.0.1"), 1), 0o644) // 1.0.0 is the built-in one's
				err = l.Build(t.Context(), folder, p[0]+l.Ext, module)
				var missing *sdks.MissingError
				if errors.As(err, &missing) {
					t.Skip(missing.Needs + " not found")
				}
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&list, "[[plugin]]\nid = %q\nkind = %q\nversion = \"1.0.1\"\ncarrier = \"wasm\"\nartifact = %q\nsha256 = %q\n", p[1], p[2], filepath.Base(module), sum(t, module))
			}
			registry := filepath.Join(folder, "registry.toml")
			put(t, registry, []byte(list.String()), 0o644)
			for task := range tasks {
				if !bytes.Equal(train(t, l.Name, task, "--registry", registry), want[task]) {
					t.Errorf("%s: the weights differ from those of the built-in plugins", task)
				}
				lock, err := os.ReadFile(filepath.Join(dir, l.Name+"-"+task, "fw.lock"))
				if err != nil || !strings.Contains(string(lock), sum(t, filepath.Join(folder, "crop.wasm"))) {
					t.Errorf("%s: it did not run with the modules: %v\n%s", task, err, lock)
				}
			}
		})
	}
}
