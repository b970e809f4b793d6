package python

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
)

// evaluated is the client of an evaluated loss of a file.
func evaluated(t testing.TB, file, id string, modules ...string) *client.Client {
	t.Helper()
	guest, _ := started(t, build(t, interpreter(t, modules...), folder(t, filter(file)...), file))
	h := host.New(id, func(context.Context) (host.Caller, error) { return guest, nil })
	if _, err := client.Describe(t.Context(), h); err != nil { // which imports the file
		t.Fatal(err)
	}
	return &client.Client{ID: id, Host: h}
}

// docs/python.md shows the example as it is.
func TestPageShowsTheExample(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "python.md"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := Files.ReadFile("lightly_ntxent.py")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(strings.ReplaceAll(string(text), "  # fmt: skip", ""), "\n\n")
	if !strings.Contains(string(page), "```python\n"+code+"```") {
		t.Errorf("docs/python.md does not show\n%s", code)
	}
}

// pair is two tensors of random float32.
func pair(n, d int) []interp.Tensor {
	k := rng.New(uint64(n)).Stream()
	in := []interp.Tensor{interp.Zeros(shape.F32(n, d)), interp.Zeros(shape.F32(n, d))}
	for _, x := range in {
		for i := range x.V {
			x.V[i] = float64(float32(k.Normal()))
		}
	}
	return in
}

// What is evaluated arrives and comes back as it was.
func TestTensorsArriveAsTheyAre(t *testing.T) {
	in := pair(1<<12, 300)
	out, err := evaluated(t, "copying.py", "test/copying").Eval(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if out[0].V[0] != 1.5 {
		t.Errorf("value %v", out[0].V[0])
	}
	for i, x := range in {
		for j := range x.V {
			if x.V[j] != out[1+i].V[j] {
				t.Fatalf("input %d, element %d: %v, expected %v", i, j, out[1+i].V[j], x.V[j])
			}
		}
	}
}

// The gradients of lightly's NTXentLoss are its central differences.
func TestGradientsOfATorchLoss(t *testing.T) {
	loss, in := evaluated(t, "lightly_ntxent.py", "lightly/ntxent", "torch", "lightly"), pair(6, 5)
	eval := func() []interp.Tensor {
		t.Helper()
		out, err := loss.Eval(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	out := eval()
	const h = 1.0 / 64
	for i := range in {
		for j := range 4 {
			at := in[i].V[7*j]
			in[i].V[7*j] = at + h
			up := eval()[0].V[0]
			in[i].V[7*j] = at - h
			down := eval()[0].V[0]
			in[i].V[7*j] = at
			if d := (up - down) / (2 * h); math.Abs(d-out[1+i].V[7*j]) > 2e-3*(0.1+math.Abs(d)) {
				t.Errorf("input %d, element %d: gradient %v, expected %v", i, 7*j, out[1+i].V[7*j], d)
			}
		}
	}
}

// What a step pays for a loss that is evaluated in Python, beside its computation.
func BenchmarkCopying(b *testing.B) {
	loss := evaluated(b, "copying.py", "test/copying")
	for _, s := range [][2]int{{1, 1}, {256, 128}, {4096, 128}, {4096, 2048}} {
		in := pair(s[0], s[1])
		b.Run(fmt.Sprintf("two of %dx%d", s[0], s[1]), func(b *testing.B) {
			b.SetBytes(int64(4 * in[0].Shape.Bytes())) // two there, two back
			for b.Loop() {
				if _, err := loss.Eval(b.Context(), in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The same for lightly's NTXentLoss with its computation.
func BenchmarkLightly(b *testing.B) {
	loss := evaluated(b, "lightly_ntxent.py", "lightly/ntxent", "torch", "lightly")
	in := pair(256, 128)
	for b.Loop() {
		if _, err := loss.Eval(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}
