package sdks

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/process"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/sdks/python"
)

// pythons is a process of testdata/every.py.
func pythons(t *testing.T) host.Caller {
	t.Helper()
	interpreter, err := python.Find()
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, python.Files); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("testdata", "every.py"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "every.py"), text, 0o644)
	}
	if err == nil {
		err = python.Build(t.Context(), interpreter, dir, "every.py", dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := process.Start(context.Background(), process.Config{Path: filepath.Join(dir, "every.pyz")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// Each function of the SDK for Python is called once, as in the other languages.
func TestEveryFunctionInPython(t *testing.T) {
	guest, goes := pythons(t), twin("every")
	trace := func(req *wire.TraceRequest) {
		t.Helper()
		same(t, guest, goes, abi.Trace, wire.Marshal(nil, req))
	}
	same(t, guest, goes, abi.Describe, nil)
	for _, n := range []int{2, 6} {
		trace(everyRequest(n, "views", nil))
		trace(everyRequest(n, "objective", nil))
	}
	for _, p := range [][]schema.Named{nil,
		{{Name: "kind", Value: schema.OfString("sum")}, {Name: "on", Value: schema.OfBool(false)}},
		{{Name: "weights", Value: schema.OfFloats(0.25, 1e-3, 99)}, {Name: "shifts", Value: schema.OfInts(-2, 0, 1<<20)}},
		{{Name: "weights", Value: schema.OfInts(2, 3)}, {Name: "shifts", Value: schema.OfInts()}},
		{{Name: "kind", Value: schema.OfString("least")}},
		{{Name: "on", Value: schema.OfInt(1)}},
	} {
		trace(&wire.TraceRequest{Plugin: "test/masked", Func: "loss", Params: p,
			Inputs: []wire.Port{{Name: "a", Shape: shape.F32(2, 5, 3)}, {Name: "b", Shape: shape.F32(2, 5, 3)}, {Name: "c", Shape: shape.F32(2, 5)}}})
	}
	for view := range 3 {
		trace(&wire.TraceRequest{Plugin: "test/recipe", Func: "augment", View: view, Channels: 3, Inputs: []wire.Port{{Name: "image", Shape: shape.Of(dtype.U8, 8, 8, 3)}}})
	}
	for _, groups := range []int{0, 1, 4} {
		for _, stage := range []string{"map", "pooled"} {
			trace(&wire.TraceRequest{Plugin: "test/net", Func: stage, Training: groups > 0, NormGroups: groups, Inputs: []wire.Port{{Name: "x", Shape: shape.F32(8, 33, 33, 3)}}})
		}
	}
	for i, kind := range []string{"mistake", "panic"} {
		_, err := guest.Call(context.Background(), abi.Trace, wire.Marshal(nil, everyRequest(4, "objective", []schema.Named{{Name: "fail", Value: schema.OfInt(i + 1)}})))
		if place := "every.py:" + strconv.Itoa(line(t, "testdata/every.py", "# "+kind)) + ": "; err == nil || !strings.Contains(err.Error(), place) {
			t.Errorf("%s: expected an error with %q, found %v", kind, place, err)
		}
	}
}

const pythonDraws = `
import struct
from fw.key import Key
k = Key(0x01234567, 0x89abcdef)
print(f"| word | {k.uint32():08x} | {k.uint32():08x} | |")
for name, draw in {
    "float64": lambda k: k.float64(), "uniform(-1, 3)": lambda k: k.uniform(-1, 3), "log-uniform(3/4, 4/3)": lambda k: k.log_uniform(3 / 4, 4 / 3),
    "intn(7)": lambda k: float(k.intn(7)), "normal": lambda k: k.normal(), "beta(0.1, 0.1)": lambda k: k.beta(0.1, 0.1), "beta(2, 0.5)": lambda k: k.beta(2, 0.5),
}.items():
    k = Key(0x01234567, 0x89abcdef)
    x, y = draw(k), draw(k)
    print("| %s | %016x | %016x | %.17g |" % (name, *struct.unpack("<QQ", struct.pack("<dd", x, y)), x))
`

// The draws of docs/abi.md, to the bit.
func TestDrawsInPython(t *testing.T) {
	interpreter, err := python.Find()
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, python.Files); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(interpreter, "-c", pythonDraws)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, want, _ := strings.Cut(draws(), "|---|---|---|---|\n")
	if strings.TrimSpace(string(out)) != strings.TrimSpace(want) {
		t.Errorf("found\n%s\nexpected\n%s", out, want)
	}
}
