package builtin

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/autodiff"
	"github.com/fwlab/fw/core/compile"
	coreexec "github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/sdk"
)

func float(name string, v float64) schema.Named {
	return schema.Named{Name: name, Value: schema.OfFloat(v)}
}

func flag(name string, v bool) schema.Named {
	return schema.Named{Name: name, Value: schema.OfBool(v)}
}

// lossFunc is a loss traced for inputs of these shapes.
func lossFunc(t *testing.T, id string, params []schema.Named, in []shape.Shape) *link.Flat {
	t.Helper()
	req := &wire.TraceRequest{Plugin: id, Func: "loss", Params: params}
	for i, s := range in {
		req.Inputs = append(req.Inputs, wire.Port{Name: fmt.Sprintf("x%d", i), Shape: s})
	}
	b, err := host.Func(sdk.Handler(Plugins()...)).Call(context.Background(), abi.Trace, wire.Marshal(nil, req))
	if err != nil {
		t.Fatal(err)
	}
	var reply wire.TraceReply
	if err := wire.Unmarshal(b, &reply); err != nil {
		t.Fatal(err)
	}
	flat, err := link.Flatten(reply.Program.Func("loss"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return flat
}

// evaluated runs a flat function on inputs in their order, in its first step, with
// the key 5, 6.
func evaluated(t *testing.T, f *ir.Func, in []tensor.Tensor) *coreexec.Executable {
	t.Helper()
	c, err := compile.Func(f)
	if err != nil {
		t.Fatal(err)
	}
	workers := pool.New(2)
	t.Cleanup(workers.Close)
	ex, err := coreexec.New(c, coreexec.Options{Pool: workers})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range f.Inputs {
		b, _ := ex.Input(p.Name)
		switch {
		case len(p.Name) > 6 && p.Name[:6] == link.BatchPrefix:
			copy(b.U8, in[n].Data)
			n++
		case p.Name == link.KeyInput:
			copy(b.U32, []uint32{5, 6})
		case p.Name == link.StepsInput:
			b.I32[0] = 100
		}
	}
	if err := ex.Run(); err != nil {
		t.Fatal(err)
	}
	return ex
}

// Every loss and its gradients equal the authors' formula in PyTorch, where there
// is one also lightly's. Fixtures: testdata/make_losses.py.
func TestLossesEqualPyTorch(t *testing.T) {
	f, err := tensor.Open("testdata/losses.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, c := range []struct {
		name, id string
		inputs   int
		params   []schema.Named
	}{
		{"infonce", "fw/infonce", 2, nil},
		{"infonce-queue", "fw/infonce-queue", 3, nil},
		{"nce", "fw/nce", 3, []schema.Named{integer("negatives", 10)}},
		{"instance-softmax", "fw/instance-softmax", 3, nil},
		{"instance-softmax-drawn", "fw/instance-softmax", 3, []schema.Named{integer("negatives", 10)}},
		{"triplet", "fw/triplet-loss", 2, nil},
		{"triplet-classes", "fw/triplet-loss", 2, nil},
		{"triplet-hard", "fw/triplet-loss", 2, []schema.Named{text("mining", "hard")}},
		{"n-pair", "fw/n-pair", 2, nil},
		{"supcon", "fw/supcon", 2, nil},
		{"supcon-views", "fw/supcon", 2, nil},
		{"negative-cosine", "fw/negative-cosine", 2, nil},
		{"cosine-distance", "fw/cosine-distance", 2, nil},
		{"cross-correlation", "fw/cross-correlation", 2, nil},
		{"vicreg", "fw/vicreg-loss", 2, nil},
		{"dino", "fw/dino-loss", 2, nil},
		{"soft-cross-entropy", "fw/soft-cross-entropy", 2, nil},
		{"rebalanced-cross-entropy", "fw/rebalanced-cross-entropy", 2, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			read := func(name string) tensor.Tensor {
				x, err := f.Read(c.name + "." + name)
				if err != nil {
					t.Fatal(err)
				}
				return x
			}
			var in []tensor.Tensor
			var shapes []shape.Shape
			for i := range c.inputs {
				in = append(in, read(fmt.Sprintf("in%d", i)))
				shapes = append(shapes, in[i].Shape)
			}
			flat := lossFunc(t, c.id, c.params, shapes)
			loss := flat.Func.Outputs[0].Value
			var wrt []ir.ID
			for i, s := range shapes {
				if s.DType.Float() {
					wrt = append(wrt, flat.Func.Inputs[i].Value)
				}
			}
			grads, err := autodiff.Gradients(flat.Func, loss, wrt)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for i, s := range shapes {
				if s.DType.Float() {
					flat.Func.Outputs = append(flat.Func.Outputs, ir.Port{Name: fmt.Sprintf("grad%d", i), Value: grads[n]})
					n++
				}
			}
			ex := evaluated(t, flat.Func, in)
			got, _ := ex.Output("loss")
			near(t, "loss", got.F32, read("loss").F32(), 2e-6)
			for i, s := range shapes {
				if s.DType.Float() {
					g, _ := ex.Output(fmt.Sprintf("grad%d", i))
					near(t, fmt.Sprintf("gradient of input %d", i), g.F32, read(fmt.Sprintf("grad%d", i)).F32(), 1e-5)
				}
			}
		})
	}
}

// What losses say of embeddings that tell nothing: guessing among K gives ln K.
func TestLossesAtChance(t *testing.T) {
	same := func(s shape.Shape) tensor.Tensor { // every row the first unit vector
		x := tensor.New(s)
		for i := 0; i < s.Size(); i += s.Dims[s.Rank()-1] {
			x.F32()[i] = 1
		}
		return x
	}
	zeros := func(s shape.Shape) tensor.Tensor { return tensor.New(s) }
	uniform := func(s shape.Shape) tensor.Tensor {
		x := tensor.New(s)
		for i := range x.F32() {
			x.F32()[i] = 1 / float32(s.Dims[s.Rank()-1])
		}
		return x
	}
	numbers := func(n, period int) tensor.Tensor {
		v := make([]int32, n)
		for i := range v {
			v[i] = int32(i % period)
		}
		return tensor.FromI32(v, n)
	}
	f := shape.F32
	for _, c := range []struct {
		name, id string
		params   []schema.Named
		in       []tensor.Tensor
		want     float64
	}{
		{"NT-Xent of 2 x 128", "fw/ntxent", nil, []tensor.Tensor{same(f(128, 8)), same(f(128, 8))}, math.Log(255)},
		{"InfoNCE of 256", "fw/infonce", nil, []tensor.Tensor{same(f(256, 8)), same(f(256, 8))}, math.Log(256)},
		{"InfoNCE with 4096 negatives", "fw/infonce-queue", nil, []tensor.Tensor{same(f(4, 8)), same(f(4, 8)), same(f(4096, 8))}, math.Log(4097)},
		{"scaled as MoCo v3 does", "fw/infonce", []schema.Named{float("temperature", 0.2), flag("scaled", true)}, []tensor.Tensor{same(f(16, 8)), same(f(16, 8))}, 0.4 * math.Log(16)},
		{"softmax over 1000 images", "fw/instance-softmax", nil, []tensor.Tensor{same(f(4, 8)), same(f(1000, 8)), numbers(4, 4)}, math.Log(1000)},
		{"softmax over 512 drawn", "fw/instance-softmax", []schema.Named{integer("negatives", 512)}, []tensor.Tensor{same(f(4, 8)), same(f(1000, 8)), numbers(4, 4)}, math.Log(513)},
		// P = 1/M for all: h = 1/(1+K), so the loss is ln(1+K) + K ln((1+K)/K), but for
		// the 1e-7 that the authors add to each of the 65 denominators, here 0.065.
		{"NCE with 64 of 1000", "fw/nce", []schema.Named{integer("negatives", 64)}, []tensor.Tensor{same(f(4, 8)), same(f(1000, 8)), numbers(4, 4)}, math.Log(65) + 64*math.Log(65.0/64) + 65*1e-7/0.065},
		{"N-pair without lengths", "fw/n-pair", nil, []tensor.Tensor{zeros(f(32, 8)), zeros(f(32, 8))}, math.Log(32)},
		{"SupCon of 16 views", "fw/supcon", nil, []tensor.Tensor{same(f(16, 8)), numbers(16, 8)}, math.Log(15)},
		{"triplets at their margin", "fw/triplet-loss", nil, []tensor.Tensor{same(f(16, 8)), numbers(16, 8)}, 0.2},
		{"cosine of one direction", "fw/negative-cosine", nil, []tensor.Tensor{same(f(4, 8)), same(f(4, 8))}, -1},
		{"distance of one direction", "fw/cosine-distance", nil, []tensor.Tensor{same(f(4, 8)), same(f(4, 8))}, 0},
		{"cross-correlation of constants", "fw/cross-correlation", nil, []tensor.Tensor{same(f(4, 8)), same(f(4, 8))}, 8},
		// No dimension varies: each view's hinge is 1 - sqrt(1e-4).
		{"VICReg of constants", "fw/vicreg-loss", nil, []tensor.Tensor{same(f(4, 8)), same(f(4, 8))}, 25 * (1 - 0.01)},
		{"DINO of 512 outputs", "fw/dino-loss", nil, []tensor.Tensor{zeros(f(2, 4, 512)), zeros(f(2, 4, 512))}, math.Log(512)},
		{"colours over 261 bins", "fw/rebalanced-cross-entropy", nil, []tensor.Tensor{zeros(f(4, 261)), uniform(f(4, 261))}, math.Log(261)},
		{"no colours", "fw/rebalanced-cross-entropy", nil, []tensor.Tensor{zeros(f(4, 261)), zeros(f(4, 261))}, 0},
		{"codes over 3000 prototypes", "fw/soft-cross-entropy", nil, []tensor.Tensor{zeros(f(4, 3000)), uniform(f(4, 3000))}, math.Log(3000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var shapes []shape.Shape
			for _, x := range c.in {
				shapes = append(shapes, x.Shape)
			}
			ex := evaluated(t, lossFunc(t, c.id, c.params, shapes).Func, c.in)
			got, _ := ex.Output("loss")
			near(t, "loss", got.F32, []float32{float32(c.want)}, 1e-5)
		})
	}
}
