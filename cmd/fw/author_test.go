package main

import (
	"encoding/json"
	"fmt"
	"image/png"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/plugins/builtin"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/scaffold"
	"github.com/fwlab/fw/sdk/sdktest"
)

// mustFW runs a command that must succeed.
func mustFW(t *testing.T, args ...string) string {
	t.Helper()
	code, out := fw(t, args...)
	if code != 0 {
		t.Fatalf("fw %s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// Every kind goes from nothing to two steps of a training, without a network; each
// build gives the same bytes, wherever the folder lies.
func TestFromNothingToATraining(t *testing.T) {
	t.Parallel()
	needsGo(t)
	for _, kind := range experiment.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			first, second := filepath.Join(dir, "first"), filepath.Join("elsewhere", "second")
			mustIn(t, dir, "plugin", "new", "alice/first", "--kind", kind)
			mustIn(t, dir, "plugin", "new", "alice/first", "--kind", kind, "--dir", second)
			mustIn(t, dir, "plugin", "build", "first")
			mustIn(t, dir, "plugin", "build", second)
			manifest := text(t, filepath.Join(first, registry.ManifestName))
			if other := text(t, filepath.Join(dir, second, registry.ManifestName)); manifest != other || strings.Count(manifest, "sha256") != 1 {
				t.Errorf("the manifests differ:\n%s\n%s", manifest, other)
			}
			if sum := sum(t, filepath.Join(first, "first.wasm")); !strings.Contains(manifest, sum) {
				t.Errorf("the manifest does not have the hash %s:\n%s", sum, manifest)
			}
			if kind == experiment.Loss { // and on the other carrier
				if out := mustIn(t, first, "plugin", "build", "--carrier", "process"); strings.Count(out, "sha256") != 2 {
					t.Errorf("expected two artifacts:\n%s", out)
				}
			}
			out := mustIn(t, first, "plugin", "test")
			if strings.Contains(out, " fail ") || !strings.Contains(out, "alice/first 0.1.0 (wasm)") || kind == experiment.Loss && !strings.Contains(out, "wasm and process answer") {
				t.Errorf("%s", out)
			}
			mustIn(t, first, "run", "experiment.toml", "--out", "run", "--set", "train.steps=2", "--set", "data.count=200", "--set", "train.batch_size=16", "--set", "backbone.width=8")
		})
	}
}

// So do plugins in the other languages.
func TestFromNothingInOtherLanguages(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped with -short: builds plugins")
	}
	for _, lang := range scaffold.Languages() {
		for _, kind := range experiment.Kinds() {
			if lang == "go" {
				continue
			}
			t.Run(lang+"/"+kind, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				first := filepath.Join(dir, "first")
				mustIn(t, dir, "plugin", "new", "alice/first", "--kind", kind, "--lang", lang)
				code, out := in(t, first, "plugin", "build")
				if strings.Contains(out, needs(lang)) {
					t.Skip("skipped:", out)
				}
				if code != 0 {
					t.Fatal(out)
				}
				manifest := text(t, filepath.Join(first, registry.ManifestName))
				mustIn(t, first, "plugin", "build")
				if text(t, filepath.Join(first, registry.ManifestName)) != manifest {
					t.Error("built again it has other bytes")
				}
				carrier := "wasm"
				if lang == "python" {
					carrier = "process"
				}
				if out := mustIn(t, first, "plugin", "test"); strings.Contains(out, " fail ") || !strings.Contains(out, "alice/first 0.1.0 ("+carrier+")") {
					t.Errorf("%s", out)
				}
				mustIn(t, first, "run", "experiment.toml", "--out", "run", "--set", "train.steps=2", "--set", "data.count=200", "--set", "train.batch_size=16", "--set", "backbone.width=8")
			})
		}
	}
}

// needs is how a build begins to say that a compiler, or Python, is not there.
func needs(lang string) string { return "build: plugins in " + lang + " need " }

// newPlugin makes and builds a plugin's folder, and goes there; without the compiler or
// the Python that the language needs, the test is skipped by its name.
func newPlugin(t *testing.T, id, kind, lang string) {
	t.Helper()
	mustFW(t, "plugin", "new", id, "--kind", kind, "--lang", lang)
	t.Chdir(path.Base(id))
	code, out := fw(t, "plugin", "build")
	if strings.Contains(out, needs(lang)) {
		t.Skip("skipped:", out)
	}
	if code != 0 || !strings.Contains(out, "sha256 ") {
		t.Fatal(out)
	}
}

// What was built of Python is timed, tried, packed and installed elsewhere as other plugins
// are. What a plugin imports from its folder comes with it; what is wrong with it is told
// with the author's place.
func TestAPluginInPythonGoesTheWholeRoad(t *testing.T) {
	t.Chdir(t.TempDir())
	newPlugin(t, "alice/first", experiment.Loss, "python")
	source := text(t, "plugin.py")
	put(t, "shares.py", []byte("def half(x):\n    return x / 2\n"), 0o644)
	put(t, "plugin.py", []byte(strings.Replace(strings.Replace(source, "import fw\n", "import fw\nfrom shares import half\n", 1), "1 / self.temperature", "2 * half(1 / self.temperature)", 1)), 0o644)
	mustFW(t, "plugin", "build", "--json")
	in := tensors(t, "z1", "z2")
	mustFW(t, "plugin", "try", ".", "--in", in, "--out", "y.safetensors", "--param", "temperature=0.2")
	mustFW(t, "plugin", "try", "fw/ntxent", "--in", in, "--out", "want.safetensors", "--param", "temperature=0.2")
	if got, want := text(t, "y.safetensors"), text(t, "want.safetensors"); got != want {
		t.Error("value or gradients are not those of fw/ntxent")
	}
	var b benchmark
	if err := json.Unmarshal([]byte(mustFW(t, "plugin", "bench", "--json", "--seconds", "0.01", "--steps", "3")), &b); err != nil || b.Carrier != registry.Process || b.Step.MSOfPlugin <= 0 {
		t.Errorf("%v %+v", err, b)
	}
	packed, err := filepath.Abs("first.fwplugin")
	if err != nil {
		t.Fatal(err)
	}
	mustFW(t, "plugin", "pack", "--out", packed)
	trusted := sum(t, "first.pyz")
	home(t)
	t.Chdir(t.TempDir())
	mustFW(t, "plugin", "install", packed)
	mustFW(t, "plugin", "trust", "alice/first@0.1.0", "--sha256", trusted)
	if out := mustFW(t, "plugin", "test", "alice/first"); strings.Contains(out, " fail ") {
		t.Error(out)
	}

	t.Chdir(filepath.Dir(packed))
	for _, c := range [][2]string{
		{"import no_such_module\n", "plugin.py:1: no module 'no_such_module' in "},
		{"import fw\n\nfw.serve(1 / 0)\n", "plugin.py:3: ZeroDivisionError: division by zero"},
		{"import fw\n\ndef f(:\n", "SyntaxError: invalid syntax (plugin.py, line 3)"},
		{"import fw\n", "plugin.py declares no plugin: end it with fw.serve(...)"},
	} {
		put(t, "plugin.py", []byte(c[0]), 0o644)
		if code, out := fw(t, "plugin", "build"); code != 1 || !strings.Contains(out, c[1]) {
			t.Errorf("exit code %d, expected %q in:\n%s", code, c[1], out)
		}
	}
	put(t, "plugin.py", []byte(source), 0o644)
	if code, out := fw(t, "plugin", "build", "--platform", "linux/arm64"); code != 1 || !strings.Contains(out, "what is built here runs on every platform") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if code, out := fw(t, "plugin", "build", "--carrier", "wasm"); code != 1 || !strings.Contains(out, `expected --carrier of process in python, found "wasm"`) {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

// Every plugin that ships passes, those that ship as modules on both carriers.
func TestEveryShippedPluginPasses(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped with -short: trains with every plugin")
	}
	modules := builtin.Modules()
	for _, p := range builtin.Plugins() {
		id := p.Info().ID
		t.Run(id, func(t *testing.T) {
			code, out := fw(t, "plugin", "test", id, "--json")
			var found conformance
			if err := json.Unmarshal([]byte(out), &found); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if code != 0 || !found.Passed {
				t.Errorf("exit code %d:\n%s", code, out)
			}
			for _, row := range found.Checks {
				if row.Check == "carriers" && modules[id] != nil && row.Verdict != sdktest.Pass {
					t.Errorf("the carriers were not compared: %+v", row)
				}
				lent := strings.Contains(row.Detail, "takes this module from elsewhere") // it trains with another run's network alone
				if row.Check == "trains" && row.Verdict != sdktest.Pass && !lent {
					t.Errorf("%+v", row)
				}
			}
		})
	}
}

// A mistake of the author's is one line with the place, on both carriers, and an exit
// code; one that does not compile is the compiler's words.
func TestMistakesPointIntoTheSource(t *testing.T) {
	needsGo(t)
	t.Chdir(t.TempDir())
	mustFW(t, "plugin", "new", "boom", "--kind", "crop")
	source := text(t, filepath.Join("boom", "main.go"))
	change := func(with string) {
		t.Helper()
		changed := strings.Replace(source, "\treturn r\n", with+"\treturn r\n", 1)
		put(t, filepath.Join("boom", "main.go"), []byte(changed), 0o644)
	}
	const line = 17 // of what is put there
	change("\tr.X = []int{1}[view+3]\n")
	mustFW(t, "plugin", "build", "boom", "--carrier", "wasm", "--carrier", "process")
	place := fmt.Sprintf("panic: runtime error: index out of range [3] with length 1 (mine/boom/main.go:%d)\n", line)
	code, out := fw(t, "plugin", "test", "boom")
	if code != 1 || strings.Count(out, place) < 3 || strings.Contains(out, "wasm stack trace") || !strings.Contains(out, "checks failed") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	manifest := text(t, filepath.Join("boom", registry.ManifestName))
	process := manifest[:strings.Index(manifest, "[[artifact]]")] + manifest[strings.LastIndex(manifest, "[[artifact]]"):]
	put(t, filepath.Join("boom", registry.ManifestName), []byte(process), 0o644)
	if code, out := fw(t, "run", filepath.Join("boom", "experiment.toml"), "--set", "crop.use=./boom", "--out", "run"); code != 1 || !strings.Contains(out, "Crop: crashed: "+place) {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	put(t, filepath.Join("boom", registry.ManifestName), []byte(manifest), 0o644)

	change("\tfor r.X >= 0 {\n\t\tr.Y ^= 1\n\t}\n")
	mustFW(t, "plugin", "build", "boom")
	if code, out := fw(t, "plugin", "test", "boom"); code != 1 || !strings.Contains(out, "out of fuel: wasm: the call did more work than it is allowed, in main.") || !strings.Contains(out, "CropView; does it loop for ever?") {
		t.Errorf("exit code %d:\n%s", code, out)
	}

	change("\tr.Z = 1\n")
	if code, out := fw(t, "plugin", "build", "boom"); code != 1 || !strings.Contains(out, fmt.Sprintf("main.go:%d:4: r.Z undefined", line)) {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

// What is missing is said, with what to do.
func TestAuthorsVerbsSayWhatIsMissing(t *testing.T) {
	t.Chdir(t.TempDir())
	mustFW(t, "plugin", "new", "x", "--kind", "loss")
	empty := t.TempDir()
	for _, c := range []struct {
		want string
		args []string
	}{
		{"start a plugin with: fw plugin new", []string{"build", empty}},
		{"is not built yet: fw plugin build", []string{"test", "x"}},
		{"expected --carrier of wasm or process in go", []string{"build", "x", "--carrier", "dll"}},
		{`unknown plugin "nobody/nothing"; known: `, []string{"test", "nobody/nothing"}},
		{`expected tensors ["z1" "z2"], found ["z"]`, []string{"try", "fw/ntxent", "--in", tensors(t, "z"), "--out", "y"}},
		{"--param temprature=1: temprature: unknown key, did you mean \"temperature\"?", []string{"try", "fw/ntxent", "--in", "x", "--out", "y", "--param", "temprature=1"}},
		{"has nothing to show by itself", []string{"try", "fw/resnet", "--in", "x", "--out", "y"}},
	} {
		if code, out := fw(t, append([]string{"plugin"}, c.args...)...); code != 1 || !strings.Contains(out, c.want) {
			t.Errorf("%q: exit code %d, expected %q in:\n%s", c.args, code, c.want, out)
		}
	}
}

// tensors is a file with tensors f32[4,3] of those names.
func tensors(t *testing.T, names ...string) string {
	t.Helper()
	var items []tensor.Item
	k := rng.New(4).Stream()
	for _, name := range names {
		x := tensor.New(shape.F32(4, 3))
		for j := range x.F32() {
			x.F32()[j] = float32(k.Normal())
		}
		items = append(items, tensor.Item{Name: name, Tensor: x})
	}
	path := filepath.Join(t.TempDir(), "in.safetensors")
	if err := writeTensors(path, items); err != nil {
		t.Fatal(err)
	}
	return path
}

// A loss is tried on tensors. That of a cosine does not change with a row's length,
// so its gradient is at right angles to the row.
func TestTryALoss(t *testing.T) {
	in, out := tensors(t, "prediction", "target"), filepath.Join(t.TempDir(), "y.safetensors")
	mustFW(t, "plugin", "try", "fw/negative-cosine", "--in", in, "--out", out)
	x, y := read(t, in), read(t, out)
	want, p, q := 0.0, x["prediction"].F32(), x["target"].F32()
	for i := 0; i < len(p); i += 3 {
		dot := func(a, b []float32) float64 { return float64(a[i]*b[i] + a[i+1]*b[i+1] + a[i+2]*b[i+2]) }
		want -= dot(p, q) / math.Sqrt(dot(p, p)*dot(q, q)) / 4
	}
	if v := float64(y["value"].F32()[0]); len(y) != 3 || math.Abs(v-want) > 1e-5 {
		t.Errorf("%v, expected %v", v, want)
	}
	for _, name := range []string{"prediction", "target"} {
		row, grad := x[name].F32(), y["grad."+name].F32()
		for i := 0; i < len(row); i += 3 {
			across, size := 0.0, 0.0
			for j := i; j < i+3; j++ {
				across += float64(row[j] * grad[j])
				size += float64(grad[j] * grad[j])
			}
			if math.Abs(across) > 1e-6 || size < 1e-6 {
				t.Errorf("row %d of %s: %v and its gradient %v", i/3, name, row[i:i+3], grad[i:i+3])
			}
		}
	}
}

func read(t *testing.T, path string) map[string]tensor.Tensor {
	t.Helper()
	f, err := tensor.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := f.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Crops, views and recipes are tried on images: what they give is written, with pictures.
func TestTryOnImages(t *testing.T) {
	in := folderOfImages(t)
	set, err := data.Open(data.Folder, data.Options{Path: in})
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	mustFW(t, "plugin", "try", "fw/random-resized-crop", "--in", in, "--out", out, "--views", "3", "--param", "max_scale=0.5")
	var rects []cropped
	if err := json.Unmarshal([]byte(text(t, filepath.Join(out, "rects.json"))), &rects); err != nil || len(rects) != 3*set.Train.Len() {
		t.Fatalf("%d rectangles: %v", len(rects), err)
	}
	whole, err := set.Train.Decode(1)
	if err != nil {
		t.Fatal(err)
	}
	c := rects[3+2] // the last view of image 1
	f, err := os.Open(filepath.Join(out, c.Picture))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil || picture.Bounds().Dy() != c.Rect[2] || picture.Bounds().Dx() != c.Rect[3] || c.Rect[2]*c.Rect[3] > whole.H*whole.W*6/10 {
		t.Fatalf("%+v: %v %v", c, picture.Bounds(), err)
	}
	r, g, b, _ := picture.At(2, 1).RGBA()
	p := whole.Pix[((c.Rect[0]+1)*whole.W+c.Rect[1]+2)*3:]
	if [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)} != [3]uint8(p[:3]) {
		t.Errorf("the picture is not the rectangle's: %d %d %d, expected %v", r>>8, g>>8, b>>8, p[:3])
	}

	views := t.TempDir()
	mustFW(t, "plugin", "try", "fw/rotation", "--in", in, "--out", views, "--size", "16")
	v, err := tensor.Open(filepath.Join(views, "views.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	n := set.Train.Len()
	if s, _ := v.Shape("views.0"); s.String() != fmt.Sprintf("f32[%d,16,16,3]", 4*n) {
		t.Errorf("views.0: %s", s)
	}
	if angle, err := v.Read("target.angle"); err != nil || angle.I32()[n] != 1 || angle.I32()[3*n] != 3 {
		t.Errorf("target.angle: %v %v", angle, err)
	}
	if list, _ := filepath.Glob(filepath.Join(views, "*.png")); len(list) != 4*n {
		t.Errorf("%d pictures of %d views", len(list), 4*n)
	}
	recipe := t.TempDir()
	mustFW(t, "plugin", "try", "fw/simclr-augment", "--in", in, "--out", recipe, "--size", "16")
	if list, _ := filepath.Glob(filepath.Join(recipe, "*.png")); len(list) != 2*n {
		t.Errorf("%d pictures of %d views", len(list), 2*n)
	}
}

// folderOfImages is three pictures that the program draws.
func folderOfImages(t *testing.T) string {
	t.Helper()
	set, err := data.Open(data.Shapes, data.Options{Count: 3, Size: 40})
	if err != nil {
		t.Fatal(err)
	}
	c := pluginTryCmd{Out: t.TempDir()}
	for i := range min(3, set.Train.Len()) {
		img, err := set.Train.Decode(i)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.picture(fmt.Sprintf("%d.png", i), img.H, img.W, func(y, x int) []uint8 { return img.Pix[(y*img.W+x)*img.C:][:img.C] }); err != nil {
			t.Fatal(err)
		}
	}
	return c.Out
}

// A plugin is timed alone and within a step.
func TestBenchAPlugin(t *testing.T) {
	for _, id := range []string{"fw/random-resized-crop", "fw/ntxent"} {
		out := mustFW(t, "plugin", "bench", id, "--json", "--seconds", "0.01", "--steps", "3")
		var b benchmark
		if err := json.Unmarshal([]byte(out), &b); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if b.ColdSeconds <= 0 || len(b.Calls) != 2 || b.Calls[1].Microseconds <= 0 || b.Step.MSOfPlugin <= 0 || b.Step.Share <= 0 || b.Step.Share > 1 {
			t.Errorf("%s", out)
		}
		if crop := id != "fw/ntxent"; crop != (b.Rectangles > 0) {
			t.Errorf("rectangles a second: %v", b.Rectangles)
		}
	}
}
