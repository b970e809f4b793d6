package builtin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/process"
	"github.com/fwlab/fw/core/host/wasm"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/sdk"
)

// TestMain lets the test binary serve the plugins, as the host's binary does.
func TestMain(m *testing.M) {
	if os.Getenv(abi.CookieKey) == abi.CookieValue {
		sdk.Serve(Plugins()...)
		return
	}
	os.Exit(m.Run())
}

func carriers(t *testing.T) map[string]host.Caller {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := process.Start(context.Background(), process.Config{Path: self})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return map[string]host.Caller{"inproc": host.Func(sdk.Handler(Plugins()...)), "process": p}
}

// One source, three carriers, the same bytes: with boxes, which half of the
// requests have.
func TestCropsAreEqualOnAllCarriers(t *testing.T) {
	for id, module := range Modules() {
		for _, boxes := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/boxes=%v", id, boxes), func(t *testing.T) { cropsAreEqual(t, id, module, boxes) })
		}
	}
}

func cropsAreEqual(t *testing.T, id string, module []byte, boxes bool) {
	w, err := wasm.Open(context.Background(), module, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	i, err := wasm.Interpret(context.Background(), module)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	on := carriers(t)
	on["wasm"], on["interpreted"] = w, i
	req := &wire.CropRequest{Plugin: id}
	for i := range uint32(2000) {
		req.Height, req.Width = append(req.Height, 1+i%57), append(req.Width, 1+i*7%43)
		req.Keys = append(req.Keys, i, ^i)
		if boxes {
			y, x := float64(i%10)/10, float64(i%7)/7
			req.Boxes = append(req.Boxes, y, x, (1+y)/2, 1)
		}
	}
	request := wire.Marshal(nil, req)
	var first []byte
	for name, c := range on {
		for range 3 {
			reply, err := c.Call(context.Background(), abi.Crop, request)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if first == nil {
				first = reply
			}
			if !bytes.Equal(first, reply) {
				t.Errorf("%s gives other rectangles", name)
			}
		}
		if _, err := c.Call(context.Background(), abi.Crop, []byte{0xff}); err == nil {
			t.Errorf("%s: a truncated request is answered", name)
		}
		if _, err := c.Call(context.Background(), abi.Crop, request); err != nil {
			t.Errorf("%s: after an error: %v", name, err)
		}
	}
}

func TestProgramIsEqualInProcessAndInproc(t *testing.T) {
	req := &wire.TraceRequest{Plugin: "fw/ntxent", Func: "loss", Inputs: []wire.Port{{Name: "z1", Shape: shape.F32(8, 16)}, {Name: "z2", Shape: shape.F32(8, 16)}}}
	request := wire.Marshal(nil, req)
	c := carriers(t)
	a, err := c["inproc"].Call(context.Background(), abi.Trace, request)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c["process"].Call(context.Background(), abi.Trace, request)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("the programs differ")
	}
	var reply wire.TraceReply
	if err := wire.Unmarshal(a, &reply); err != nil || reply.Program == nil {
		t.Fatalf("no program: %v", err)
	}
}

// The shipped modules are what their sources build to, with the Go version that built them.
func TestShippedModulesAreReproducible(t *testing.T) {
	for id, module := range Modules() {
		t.Run(id, func(t *testing.T) { reproducible(t, id, module) })
	}
}

func reproducible(t *testing.T, id string, shipped []byte) {
	folder := strings.ReplaceAll(strings.TrimPrefix(id, "fw/"), "-", "")
	out := filepath.Join(t.TempDir(), "crop.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-o", out, "../crop/"+folder+"/wasm")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("skipped: no Go compiler for wasip1/wasm: %v\n%s", err, msg)
	}
	built, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(built, shipped) {
		if v := goVersion(t); v != BuiltWith {
			t.Skipf("skipped: the module was built with %s, this is %s", BuiltWith, v)
		}
		t.Errorf("the shipped module is not what its source builds to (%x, built %x); run go generate ./plugins/builtin", sha256.Sum256(shipped), sha256.Sum256(built))
	}
}

func goVersion(t *testing.T) string {
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(out))
}
