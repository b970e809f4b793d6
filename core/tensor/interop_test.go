package tensor

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/shape"
)

// missing is interop.py's exit code where torch or safetensors is not installed.
const missing = 77

// TestPyTorchAgrees writes a file, has PyTorch check and rewrite it, and reads that.
func TestPyTorchAgrees(t *testing.T) {
	exe := os.Getenv("FW_PYTHON")
	if exe == "" {
		exe = "python3"
	}
	dir := t.TempDir()
	ours, theirs := filepath.Join(dir, "ours.safetensors"), filepath.Join(dir, "theirs.safetensors")
	half := New(shape.Of(dtype.BF16, 2))
	copy(half.BF16(), []uint16{0x3f80, 0xc000}) // 1, -2
	mask := New(shape.Of(dtype.Bool, 3))
	mask.Bool()[1] = true
	data := encode(t, []Item{
		{Name: "bn1.num_batches_tracked", Tensor: FromI32([]int32{42}), Int64: true},
		{Name: "conv1.weight", Tensor: FromF32([]float32{1.5, -2, 0.25}, 1, 3, 1, 1)},
		{Name: "a.bf16", Tensor: half},
		{Name: "a.bool", Tensor: mask},
		{Name: "a.u8", Tensor: Tensor{shape.Of(dtype.U8, 5), []byte("hello")}},
		{Name: "labels", Tensor: FromI32([]int32{-7, 7}, 2)},
	}, map[string]string{"mean": "[0.5]"})
	if err := os.WriteFile(ours, data, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(exe, filepath.Join("testdata", "interop.py"), ours, theirs).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.As(err, &exit) && exit.ExitCode() == missing:
		t.Skipf("no Python with torch and safetensors; FW_PYTHON names one\n%s", out)
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	}
	f, err := Open(theirs)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := f.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := all["conv1.weight"]; got.Shape.String() != "f32[1,3,1,1]" || got.F32()[2] != 0.25 {
		t.Errorf("conv1.weight is %s %v", got.Shape, got.F32())
	}
	if got := all["bn1.num_batches_tracked"].I32()[0]; got != 43 {
		t.Errorf("num_batches_tracked is %d", got)
	}
	if got := all["a.bf16"].BF16()[1]; got != 0xc000 {
		t.Errorf("bf16 is %#x", got)
	}
	if f.Metadata()["from"] != "torch" || !strings.Contains(strings.Join(f.Names(), " "), "labels") {
		t.Errorf("metadata %v, names %v", f.Metadata(), f.Names())
	}
}
