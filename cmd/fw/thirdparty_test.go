package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/process"
	"github.com/fwlab/fw/core/host/wasm"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/store"
)

// theirSource is five plugins in one program, as someone else would write them.
const theirSource = `// Command plugins is a crop strategy, two losses and an augmentation.
package main

import "example.org/mine/internal/geometry"
import "github.com/fwlab/fw/sdk"

type corner struct{ share float64 }

// Crop takes a share of each side, from a random corner.
func (c *corner) Crop(k *sdk.Key, img sdk.Size, _ sdk.Box) sdk.Rect {
	r := sdk.Rect{H: geometry.Share(img.H, c.share), W: geometry.Share(img.W, c.share)}
	if k.Bool(0.5) {
		r.Y = img.H - r.H
	}
	if k.Bool(0.5) {
		r.X = img.W - r.W
	}
	return r
}

type pull struct{ weight float64 }

// Loss pulls the two views' directions together: weight times (1 - cosine).
func (l *pull) Loss(b *sdk.Builder, z1, z2 sdk.Value) sdk.Value {
	cosine := z1.L2Normalize(1).Mul(z2.L2Normalize(1)).Sum(1)
	return cosine.Scale(-l.weight).AddConst(l.weight).Mean()
}

func main() {
	c, l := &corner{}, &pull{}
	crop := sdk.Crop("mine/corner", "0.3.0", c).Doc("a share of each side, from a random corner")
	crop.Float(&c.share, "share", 0.75, "share of each side", sdk.Above(0), sdk.AtMost(1))
	loss := sdk.ContrastLoss("mine/pull", "0.1.0-alpha.1", l).Doc("one minus the cosine")
	loss.Float(&l.weight, "weight", 1, "scale", sdk.Above(0))
	e := &erase{}
	augment := sdk.EvalAugment("mine/erase", "0.2.0", e).Doc("a random rectangle of one random level")
	augment.Int(&e.most, "most", 10, "longest side in pixels", sdk.AtLeast(1))
	f := &fragile{}
	frail := sdk.Crop("mine/fragile", "0.1.0", f).Doc("a crop of 8 by 8, while it lasts")
	frail.Int(&f.lasts, "lasts", 0, "crops until an instance breaks; 0: for ever", sdk.AtLeast(0))
	frail.Float(&f.fails, "fails", 0, "share of crops that it cannot do", sdk.AtLeast(0), sdk.AtMost(1))
	sdk.Serve(crop, loss, sdk.EvalLoss("mine/pull-evaluated", "0.1.0", "contrast", l), augment, frail)
}

type fragile struct {
	lasts, done int
	fails       float64
}

// Crop breaks where its parameters say so.
func (f *fragile) Crop(k *sdk.Key, img sdk.Size, _ sdk.Box) sdk.Rect {
	if k.Bool(f.fails) {
		panic("no way to crop this")
	}
	if f.done++; f.lasts > 0 && f.done > f.lasts {
		panic("worn out")
	}
	return sdk.Rect{Y: k.Intn(img.H - 7), X: k.Intn(img.W - 7), H: 8, W: 8}
}

type erase struct{ most int }

// Retouch erases a rectangle, and of the second view none.
func (e *erase) Retouch(k *sdk.Key, view int, img sdk.Pixels) error {
	if view == 1 {
		return nil
	}
	h, w := 1+k.Intn(min(e.most, img.H)), 1+k.Intn(min(e.most, img.W))
	y, x, level := k.Intn(img.H-h+1), k.Intn(img.W-w+1), uint8(k.Intn(256))
	for row := y; row < y+h; row++ {
		line := img.Pix[(row*img.W+x)*img.C:][:w*img.C]
		for i := range line {
			line[i] = level
		}
	}
	return nil
}

// Eval is half the squared distance, computed on copied tensors.
func (p *pull) Eval(in []sdk.Array) (value float64, grads [][]float32, err error) {
	grads = [][]float32{make([]float32, len(in[0].F32)), make([]float32, len(in[0].F32))}
	for i, x := range in[0].F32 {
		d := x - in[1].F32[i]
		value += float64(d*d) / 2
		grads[0][i], grads[1][i] = d, -d
	}
	return value, grads, nil
}
`

const theirPackage = `// Package geometry is a package of theirs.
package geometry

// Share is a share of n, at least 1.
func Share(n int, share float64) int { return max(1, int(float64(n)*share)) }
`

// theirs is a program outside of the tree, built to both carriers.
type theirs struct {
	module, program string             // paths
	said            wire.DescribeReply // of the process
}

// buildTheirs builds it once for all tests, and asks it what it is.
var buildTheirs = sync.OnceValues(func() (*theirs, error) {
	repo, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return nil, err
	}
	sums, err := os.ReadFile(filepath.Join(repo, "go.sum"))
	if err != nil {
		return nil, err
	}
	// Its requirements are ours, so that what was downloaded to build the test is all it needs.
	mod, err := os.ReadFile(filepath.Join(repo, "go.mod"))
	if err != nil {
		return nil, err
	}
	theirMod := strings.Replace(string(mod), "module github.com/fwlab/fw", "module example.org/mine", 1) +
		fmt.Sprintf("\nrequire github.com/fwlab/fw v0.0.0\n\nreplace github.com/fwlab/fw => %q\n", filepath.ToSlash(repo))
	dir := filepath.Join(allTests, "theirs")
	for name, text := range map[string]string{
		"main.go": theirSource, "internal/geometry/geometry.go": theirPackage, "go.mod": theirMod, "go.sum": string(sums),
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	for _, b := range []struct {
		out  string
		args []string
		env  []string
	}{
		{"plugins.wasm", []string{"-buildmode=c-shared"}, []string{"GOOS=wasip1", "GOARCH=wasm"}},
		{"plugins.exe", nil, nil},
	} {
		cmd := exec.Command("go", append(append([]string{"build", "-trimpath", "-buildvcs=false"}, b.args...), "-o", b.out, ".")...)
		cmd.Dir = dir
		cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod", "GOWORK=off"), b.env...)
		if msg, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", b.out, err, msg)
		}
	}
	p := &theirs{module: filepath.Join(dir, "plugins.wasm"), program: filepath.Join(dir, "plugins.exe")}
	h := host.New("theirs", p.startProgram)
	defer h.Close()
	p.said, err = client.Describe(context.Background(), h)
	return p, err
})

func (p *theirs) startProgram(ctx context.Context) (host.Caller, error) {
	return process.Start(ctx, process.Config{Path: p.program})
}

func thirdParty(t *testing.T) *theirs {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped with -short: builds a plugin with the go command")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("skipped: no go command, which builds the plugin")
	}
	p, err := buildTheirs()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func sum(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func put(t testing.TB, path string, b []byte, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, mode); err != nil {
		t.Fatal(err)
	}
}

// folder makes a plugin's folder: its manifest and a copy of the artifact.
func (p *theirs) folder(t *testing.T, id, carrier string) string {
	t.Helper()
	dir, artifact, platform := t.TempDir(), p.module, registry.AnyPlatform
	if carrier == registry.Process {
		artifact, platform = p.program, thisPlatform
	}
	for _, info := range p.said.Plugins {
		if info.ID == id {
			m := registry.ManifestOf(info, abi.Version, ir.Version)
			m.Artifacts = []registry.Artifact{{Carrier: carrier, Platform: platform, Path: "bin/" + filepath.Base(artifact), SHA256: sum(t, artifact)}}
			put(t, filepath.Join(dir, registry.ManifestName), m.Encode(), 0o644)
		}
	}
	b, err := os.ReadFile(artifact)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "bin", filepath.Base(artifact)), b, 0o755)
	trust(t, artifact)
	return dir
}

// trust lets a program run in the tests.
func trust(t *testing.T, path string) {
	t.Helper()
	s, err := openStore()
	if err == nil {
		err = s.Trust(store.Trusted{SHA256: sum(t, path), Plugin: t.Name(), Source: path})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// inline is a registry.toml beside the artifact that lists both plugins without a manifest.
func (p *theirs) inline(t *testing.T, carrier string) string {
	t.Helper()
	artifact := p.module
	if carrier == registry.Process {
		artifact = p.program
	}
	var b strings.Builder
	for _, i := range p.said.Plugins {
		fmt.Fprintf(&b, "[[plugin]]\nid = %q\nkind = %q\nversion = %q\ncarrier = %q\nartifact = %q\nsha256 = %q\n\n", i.ID, i.Kind, i.Version, carrier, filepath.Base(artifact), sum(t, artifact))
	}
	path := filepath.Join(filepath.Dir(artifact), carrier+"-registry.toml")
	if err := atomicfile.WriteBytes(path, []byte(b.String())); err != nil { // others may read it
		t.Fatal(err)
	}
	trust(t, artifact)
	return path
}

// with is the tiny experiment for two steps with a crop and a loss of theirs.
func with(crop, loss string) string {
	return strings.Replace(tiny, "epochs = 4", "epochs = 4\nsteps = 2", 1) +
		fmt.Sprintf("\n[crop]\nuse = %q\nshare = 0.5\n\n[loss]\nuse = %q\nweight = 2.0\n", filepath.ToSlash(crop), filepath.ToSlash(loss))
}

// A loss that is evaluated on copied tensors trains over both carriers to the same bytes.
func TestEvaluatedLossOnBothCarriers(t *testing.T) {
	t.Parallel()
	p := thirdParty(t)
	text := strings.Replace(tiny, "epochs = 4", "epochs = 4\nsteps = 3", 1) + "\n[loss]\nuse = \"mine/pull-evaluated\"\n"
	var first []byte
	for _, carrier := range []string{registry.WASM, registry.Process} {
		dir := filepath.Join(t.TempDir(), "run")
		if code, out := fw(t, "run", "--out", dir, experimentFile(t, text), "--registry", p.inline(t, carrier)); code != 0 {
			t.Fatal(out)
		}
		if b := encoder(t, dir); first == nil {
			first = b
		} else if !bytes.Equal(first, b) {
			t.Error("the encoder differs between the carriers")
		}
	}
}

// An augmentation that computes on pixels gives the same views and the same
// encoder on both carriers, with any number of workers, and it changes the views.
func TestRetouchedViewsOnBothCarriers(t *testing.T) {
	t.Parallel()
	p := thirdParty(t)
	text := strings.Replace(tiny, "epochs = 4", "epochs = 4\nsteps = 3", 1) + "\n[augment]\nuse = \"mine/erase\"\nmost = 6\n"
	run := func(carrier, workers string, args ...string) []byte {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "run")
		if code, out := fw(t, append([]string{"run", "--out", dir, experimentFile(t, text), "--registry", p.inline(t, carrier), "--workers", workers}, args...)...); code != 0 {
			t.Fatal(out)
		}
		return encoder(t, dir)
	}
	first := run(registry.WASM, "1")
	for _, other := range [][]byte{run(registry.WASM, "3"), run(registry.Process, "1"), run(registry.Process, "3")} {
		if !bytes.Equal(first, other) {
			t.Error("the encoder differs between carriers or workers")
		}
	}
	if bytes.Equal(first, run(registry.WASM, "1", "--set", "augment.most=1")) {
		t.Error("what is erased makes no difference")
	}
	code, out := fw(t, "check", experimentFile(t, text), "--registry", p.inline(t, registry.WASM), "--set", "augment.most=0")
	if code == 0 || !strings.Contains(out, "augment.most") {
		t.Errorf("a bad parameter: %s", out)
	}
}

// One source, two carriers, the same programs and rectangles, and three ways to name
// them: a folder in the experiment, a folder in a registry, a file in a registry.
func TestThirdPartyPlugins(t *testing.T) {
	t.Parallel()
	p := thirdParty(t)
	code, err := os.ReadFile(p.module)
	if err != nil {
		t.Fatal(err)
	}
	module, err := wasm.Open(t.Context(), code, "")
	if err != nil {
		t.Fatal(err)
	}
	defer module.Close()
	interpreted, err := wasm.Interpret(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	defer interpreted.Close()
	program, err := p.startProgram(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	requests := map[abi.Method][]byte{
		abi.Describe: nil,
		abi.Trace: wire.Marshal(nil, &wire.TraceRequest{Plugin: "mine/pull", Func: "loss",
			Inputs: []wire.Port{{Name: "z1", Shape: shape.F32(8, 16)}, {Name: "z2", Shape: shape.F32(8, 16)}}}),
		abi.Crop: wire.Marshal(nil, &wire.CropRequest{Plugin: "mine/corner", Height: []uint32{1, 7, 480}, Width: []uint32{9, 1, 640}, Keys: []uint32{1, 2, 3, 4, 5, 6}}),
		abi.Eval: wire.Marshal(nil, &wire.EvalRequest{Plugin: "mine/pull-evaluated",
			Inputs: []wire.Tensor{{Shape: shape.F32(2), Data: []byte{0, 0, 128, 63, 0, 0, 0, 64}}, {Shape: shape.F32(2), Data: make([]byte, 8)}}}),
	}
	for m, request := range requests {
		want, err := program.Call(context.Background(), m, request)
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]host.Caller{"compiled module": module, "interpreted module": interpreted} {
			got, err := c.Call(context.Background(), m, request)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 || !bytes.Equal(got, want) {
				t.Errorf("%s: the %s answers %d bytes, the process %d, and they differ", m, name, len(got), len(want))
			}
		}
	}

	var first []byte
	for _, carrier := range []string{registry.WASM, registry.Process} {
		crop, loss := p.folder(t, "mine/corner", carrier), p.folder(t, "mine/pull", carrier)
		listed := filepath.Join(t.TempDir(), registry.FileName)
		put(t, listed, fmt.Appendf(nil, "[[plugin]]\nmanifest = %q\n\n[[plugin]]\nmanifest = %q\n", filepath.ToSlash(crop), filepath.ToSlash(loss)), 0o644)
		for _, c := range []struct{ name, text, registry string }{
			{"folder in the experiment", with(crop, loss), ""},
			{"folder in a registry", with("mine/corner", "mine/pull@0.1.0-alpha.1"), listed},
			{"file in a registry", with("mine/corner@0.3.0", "mine/pull"), p.inline(t, carrier)},
		} {
			t.Run(carrier+", "+c.name, func(t *testing.T) {
				args := []string{experimentFile(t, c.text)}
				if c.registry != "" {
					args = append(args, "--registry", c.registry)
				}
				code, out := fw(t, append([]string{"check"}, args...)...)
				if code != 0 || !strings.Contains(out, "mine/corner 0.3.0 ("+carrier+")") || !strings.Contains(out, "mine/pull 0.1.0-alpha.1 ("+carrier+")") {
					t.Fatalf("exit code %d:\n%s", code, out)
				}
				dir := filepath.Join(t.TempDir(), "run")
				if code, out := fw(t, append([]string{"run", "--out", dir}, args...)...); code != 0 {
					t.Fatal(out)
				}
				if b := encoder(t, dir); first == nil {
					first = b
				} else if !bytes.Equal(first, b) {
					t.Error("the encoder differs from the first carrier's")
				}
				lock, err := os.ReadFile(rundir.Dir(dir).Lock())
				if err != nil || !strings.Contains(string(lock), sum(t, map[string]string{registry.WASM: p.module, registry.Process: p.program}[carrier])) {
					t.Errorf("the run's lock does not pin the artifact: %v\n%s", err, lock)
				}
			})
		}
	}
}

// Plugins that live in one artifact share one process.
func TestArtifactsAreShared(t *testing.T) {
	t.Parallel()
	p := thirdParty(t)
	s, err := openPlugins(context.Background(), registryArgs{Registry: p.inline(t, registry.Process)}, "x.toml", "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	at := func(kind, use string) *artifact {
		t.Helper()
		r, err := s.Resolve(kind, use)
		if err != nil {
			t.Fatal(err)
		}
		return s.artifact(r)
	}
	if at("crop", "mine/corner") != at("loss", "mine/pull") {
		t.Error("two processes for one file")
	}
	if at("pretext", "fw/simclr") != at("loss", "fw/ntxent") {
		t.Error("two processes for what is built in")
	}
	if at("crop", "fw/random-resized-crop") == at("loss", "fw/ntxent") {
		t.Error("a module and a process are one")
	}
}

// A plugin that is not what its manifest or the lock says is refused before it is used.
func TestAnotherPluginUnderTheSameName(t *testing.T) {
	t.Parallel()
	p := thirdParty(t)
	crop, loss := p.folder(t, "mine/corner", registry.WASM), p.folder(t, "mine/pull", registry.Process)
	file := experimentFile(t, with(crop, loss))
	dir := filepath.Join(t.TempDir(), "run")
	if code, out := fw(t, "run", file, "--out", dir); code != 0 {
		t.Fatal(out)
	}
	expect := func(t *testing.T, args []string, want ...string) {
		t.Helper()
		code, out := fw(t, args...)
		if code == 0 {
			t.Errorf("expected an error:\n%s", out)
		}
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("expected %q in:\n%s", w, out)
			}
		}
	}
	manifest := func(dir string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, registry.ManifestName))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	// the manifest's words are not the plugin's
	plain := manifest(crop)
	put(t, filepath.Join(crop, registry.ManifestName), bytes.Replace(plain, []byte("0.75"), []byte("0.8"), 1), 0o644)
	expect(t, []string{"check", file}, "x.toml:36:1: ", "parameter share, default: manifest 0.8, plugin 0.75")
	put(t, filepath.Join(crop, registry.ManifestName), plain, 0o644)

	// the file is not what the manifest pins
	right := sum(t, p.module)
	module := filepath.Join(crop, "bin", "plugins.wasm")
	b, err := os.ReadFile(module)
	if err != nil {
		t.Fatal(err)
	}
	put(t, module, append(b, 0, 3, 1, 'x', 0), 0o755) // an empty custom section
	wrong := sum(t, module)
	expect(t, []string{"check", file}, "expected sha256 "+right, "found "+wrong)

	// the manifest follows, the lock does not
	put(t, filepath.Join(crop, registry.ManifestName), bytes.Replace(plain, []byte(right), []byte(wrong), 1), 0o644)
	if code, out := fw(t, "check", file); code != 0 {
		t.Fatal(out)
	}
	want := []string{"crop.use: lock: plugin \"mine/corner\": expected sha256 " + right, "found " + wrong, "put it back, or remove "}
	expect(t, []string{"run", file, "--resume", dir}, append(want, rundir.Dir(dir).Lock())...)
	lock, err := os.ReadFile(rundir.Dir(dir).Lock())
	if err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(filepath.Dir(file), registry.LockName)
	put(t, beside, lock, 0o644)
	expect(t, []string{"check", file}, append(want, beside)...)
	put(t, filepath.Join(crop, registry.ManifestName), plain, 0o644)
	put(t, module, b, 0o755)
	if code, out := fw(t, "run", file, "--set", "train.steps=3", "--resume", dir); code != 0 {
		t.Error(out)
	}
}
