package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/plugins/builtin"
	"github.com/fwlab/fw/registry"
)

func TestPluginList(t *testing.T) {
	file := filepath.Join(t.TempDir(), registry.FileName)
	put(t, file, []byte("[[plugin]]\nmanifest = \"gone\"\n"), 0o644)
	code, out := fw(t, "plugin", "list", "--json", "--registry", file)
	var rows []registry.Row
	if err := json.Unmarshal([]byte(out), &rows); code != 0 || err != nil {
		t.Fatalf("exit code %d, %v: %s", code, err, out)
	}
	byID := map[string]registry.Row{}
	for _, r := range rows {
		byID[r.ID] = r
	}
	if len(rows) != len(builtin.Plugins())+1 || byID[""].Error == "" {
		t.Errorf("got %+v", rows)
	}
	if r := byID["fw/random-resized-crop"]; r.Kind != "crop" || r.Carrier != registry.WASM || len(r.SHA256) != 64 || r.From != "built in" || r.Error != "" {
		t.Errorf("got %+v", r)
	}
	if r := byID["fw/simclr"]; r.Kind != "pretext" || r.Carrier != registry.Process || r.Version == "" || r.SHA256 != ownHash() || len(r.SHA256) != 64 {
		t.Errorf("got %+v", r)
	}
	code, out = fw(t, "plugin", "list", "--registry", file)
	if code != 0 || !strings.Contains(out, "fw/simclr") || !strings.Contains(out, file+":1:3) cannot be used: manifest: ") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if code, out := fw(t, "plugin", "list", "--registry", file+"x"); code == 0 {
		t.Errorf("a registry that is not there is no error:\n%s", out)
	}
}

// The project's registry is found from the experiment, and a process that is no
// plugin says so.
func TestARegistryBesideTheExperiment(t *testing.T) {
	file := experimentFile(t, strings.Replace(tiny, "fw/resnet", "my/net", 1))
	dir := filepath.Dir(file)
	put(t, filepath.Join(dir, "net"), []byte("#!/bin/sh\necho no plugin\n"), 0o755)
	put(t, filepath.Join(dir, registry.FileName), []byte("[[plugin]]\nid = \"my/net\"\nkind = \"backbone\"\nversion = \"1.0.0\"\ncarrier = \"process\"\nartifact = \"net\"\nsha256 = \""+sum(t, filepath.Join(dir, "net"))+"\"\n"), 0o644)
	trust(t, filepath.Join(dir, "net"))
	code, out := fw(t, "check", file)
	for _, want := range []string{"x.toml:12:7: backbone.use: plugin \"my/net\"", "not loaded", filepath.Join(dir, "net")} {
		if code == 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, expected %q in:\n%s", code, want, out)
		}
	}
}
