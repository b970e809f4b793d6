package exec

import (
	"strings"
	"testing"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// apart is f compiled without epilogues of products.
func apart(t *testing.T, f *ir.Func) *ir.Func {
	t.Helper()
	f = f.Clone()
	for _, p := range compile.Passes {
		if p.Name == "product fusion" {
			continue
		}
		if err := p.Run(f); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

const fusedProduct = "dot_general_fusion"

// epilogues are programs whose products have epilogues of many kinds.
var epilogues = map[string]func(b *trace.Builder) trace.Value{
	"transformer":     transformer(2, 6, 2, 32),
	"transformer/odd": transformer(3, 5, 3, 23),
	"transformer/one": transformer(1, 1, 1, 64),
	"rows, columns, scalars": func(b *trace.Builder) trace.Value {
		y := b.Input("x", shape.F32(40, 30)).MatMul(b.Input("w", shape.F32(30, 70)))
		y = y.Mul(b.Input("scale", shape.F32())).Add(b.Input("row", shape.F32(70))).Add(b.Input("column", shape.F32(40, 1)))
		return y.Mul(b.Input("all", shape.F32(40, 70))).Tanh().Mean()
	},
	"factors read again": func(b *trace.Builder) trace.Value {
		x, w := b.Input("x", shape.F32(67, 67)), b.Input("w", shape.F32(67, 67))
		return x.MatMul(w).Add(x).Mul(w).Square().Mean()
	},
	"tokens with positions": func(b *trace.Builder) trace.Value {
		y := b.Input("x", shape.F32(5, 9, 20)).MatMul(b.Input("w", shape.F32(20, 100)))
		return y.Add(b.Input("positions", shape.F32(9, 100))).Relu().Mean()
	},
	"matrices of a batch": func(b *trace.Builder) trace.Value {
		y := b.Input("x", shape.F32(9, 20, 30)).MatMul(b.Input("w", shape.F32(9, 30, 70)))
		return y.Add(b.Input("b", shape.F32(70))).Gelu().Mean()
	},
	"one row": func(b *trace.Builder) trace.Value {
		y := b.Input("x", shape.F32(1, 700)).MatMul(b.Input("w", shape.F32(700, 1700)))
		return y.Add(b.Input("b", shape.F32(1700))).Gelu().Mean()
	},
	"the sums too": func(b *trace.Builder) trace.Value {
		y := b.Input("x", shape.F32(50, 600)).MatMul(b.Input("w", shape.F32(600, 65)))
		return y.Exp().Mean().Add(y.Sum(0).Square().Mean())
	},
}

// A product with an epilogue has the bits of the product and the fusion apart, for
// any number of workers, forward and backward; and the oracle's values.
func TestEpiloguesKeepTheBits(t *testing.T) {
	for name, build := range epilogues {
		t.Run(name, func(t *testing.T) {
			f, args := network(t, name, build)
			fused, err := compile.Func(f)
			if err != nil {
				t.Fatal(err)
			}
			plain := apart(t, f)
			if !strings.Contains(fused.String(), fusedProduct) || strings.Contains(plain.String(), fusedProduct) {
				t.Fatalf("expected epilogues in the one alone:\n%s\n%s", fused, plain)
			}
			oracle, err := interp.Run(fused, args, nil)
			if err != nil {
				t.Fatal(err)
			}
			want, one, three := run(t, plain, args, 1), run(t, fused, args, 1), run(t, fused, args, 3)
			for i := range want {
				compareTensors(t, f.Outputs[i].Name, one[i], oracle[i])
				if string(one[i].Bytes()) != string(want[i].Bytes()) {
					t.Errorf("%s: bits differ with and without epilogues", f.Outputs[i].Name)
				}
				if string(one[i].Bytes()) != string(three[i].Bytes()) {
					t.Errorf("%s: bits differ between 1 and 3 workers", f.Outputs[i].Name)
				}
			}
		})
	}
}

// An epilogue may write over what it reads element by element, not over a factor.
func TestEpiloguesUpdateInPlace(t *testing.T) {
	for name, c := range map[string]struct {
		lhs     string
		inPlace bool
	}{"weights": {"x", true}, "factor": {"w", false}} {
		b := trace.New("step")
		x, dy, w := b.Input("x", shape.F32(70, 70)), b.Input("dy", shape.F32(70, 70)), b.Input("w", shape.F32(70, 70))
		lhs := map[string]trace.Value{"x": x, "w": w}[c.lhs]
		b.Output("next", w.Sub(lhs.MatMul(dy).Scale(0.1)))
		f := b.Func()
		fused, err := compile.Func(f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(fused.String(), fusedProduct) {
			t.Fatalf("%s: no epilogue:\n%s", name, fused)
		}
		p := pool.New(2)
		defer p.Close()
		var weights [2]buf.Buf
		for i, g := range []*ir.Func{fused, apart(t, f)} {
			ex, err := New(g, Options{Pool: p, Aliases: map[string]string{"next": "w"}})
			if err != nil {
				t.Fatal(err)
			}
			if n := len(ex.Plan().Copies); i == 0 && (n == 0) != c.inPlace {
				t.Errorf("%s: %d copies at the end of a run", name, n)
			}
			for k, in := range f.Inputs {
				m, _ := ex.Input(in.Name)
				for j := range m.F32 {
					m.F32[j] = float32((j*7+k)%11) / 50
				}
			}
			for range 3 {
				if err := ex.Run(); err != nil {
					t.Fatal(err)
				}
			}
			weights[i], _ = ex.Input("w")
		}
		if string(weights[0].U8) != string(weights[1].U8) {
			t.Errorf("%s: bits differ with and without epilogues", name)
		}
	}
}
