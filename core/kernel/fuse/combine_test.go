package fuse

import (
	"math"
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
)

// geluGrad is the gradient of x*(erf(x*sqrt(1/2)) + 1)*0.5 as differentiation leaves it, of x and dy.
func geluGrad(n int) Spec {
	return Spec{Dims: []int{n}, Inputs: []Input{f32(1), f32(1)},
		Code: []Instr{{Op: Multiply, A: In(0), B: F32(halfRoot)}, {Op: Erf, A: Value(0)}, {Op: Add, A: Value(1), B: F32(1)},
			{Op: Multiply, A: In(1), B: F32(0.5)}, {Op: Multiply, A: Value(3), B: Value(2)}, {Op: Multiply, A: Value(3), B: In(0)},
			{Op: Multiply, A: Value(0), B: Value(0)}, {Op: Negate, A: Value(6)}, {Op: Exponential, A: Value(7)}, {Op: Multiply, A: Value(5), B: Value(8)},
			{Op: Multiply, A: Value(9), B: F32(twoByRoot)}, {Op: Multiply, A: Value(10), B: F32(halfRoot)}, {Op: Add, A: Value(4), B: Value(11)}},
		Outputs: []Arg{Value(12)}}
}

// commuted is s with the operands of sums and products the other way round.
func commuted(s Spec) Spec {
	code := append([]Instr(nil), s.Code...)
	for i, in := range code {
		if in.Op == Add || in.Op == Multiply {
			code[i].A, code[i].B = in.B, in.A
		}
	}
	s.Code = code
	return s
}

// A chain's primitive gives the bits of its instructions one by one, which is
// what it is where its parts are outputs as well.
func TestChainsKeepTheirBits(t *testing.T) {
	const n = 3001
	for name, s := range map[string]Spec{"gelu": gelu(n), "gelu, commuted": commuted(gelu(n)), "gradient": geluGrad(n), "gradient, commuted": commuted(geluGrad(n))} {
		open := s
		open.Outputs = append([]Arg{}, s.Outputs...)
		for i := range s.Code {
			open.Outputs = append(open.Outputs, Value(i))
		}
		whole, parts := outputs(t, s), outputs(t, open)
		for i := range n {
			a, b := whole[0][i], parts[0][i]
			if math.Float32bits(a) != math.Float32bits(b) && (a == a || b == b) {
				t.Fatalf("%s: element %d is %v (%08x), one by one %v (%08x)", name, i, a, math.Float32bits(a), b, math.Float32bits(b))
			}
		}
		if steps := len(planOf(t, s).steps); steps != 1 {
			t.Errorf("%s takes %d steps, expected 1", name, steps)
		}
	}
}

func planOf(t *testing.T, s Spec) *plan {
	t.Helper()
	k, err := New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	return k.plan
}

func outputs(t *testing.T, s Spec) [][]float32 {
	t.Helper()
	k, err := New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	in := allocate(s, 3)
	for i := range in {
		copy(in[i].F32, []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 1e-40, 1e30, -1e30, 20, -20})
	}
	out := make([]buf.Buf, len(s.Outputs))
	var list [][]float32
	for i := range out {
		out[i] = buf.Make(dtype.F32, k.n)
		list = append(list, out[i].F32)
	}
	p := pool.New(1)
	defer p.Close()
	k.Bind(make([]float32, k.Scratch()), out, in)
	k.Run(p)
	return list
}
