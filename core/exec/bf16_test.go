package exec

import (
	"math"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/autodiff"
	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// network is a loss over parameters, with the gradients of all of them. Inputs
// whose name begins with w are drawn with that variance by which products keep their
// size, others as normal numbers.
func network(t *testing.T, name string, build func(b *trace.Builder) trace.Value) (*ir.Func, []interp.Tensor) {
	t.Helper()
	b := trace.New(name)
	if err := trace.Trace(func() { b.Output("loss", build(b)) }); err != nil {
		t.Fatal(err)
	}
	f := b.Func()
	loss, _ := f.Output("loss")
	var wrt []ir.ID
	var args []interp.Tensor
	s := rng.New(7).FoldString(name).Stream()
	for _, in := range f.Inputs {
		wrt = append(wrt, in.Value)
		a := interp.Zeros(f.Shape(in.Value))
		scale := 1.0
		if d := a.Shape.Dims; in.Name[0] == 'w' {
			scale = math.Sqrt(2 * float64(d[len(d)-1]) / float64(a.Shape.Size()))
			if len(d) == 4 {
				scale = math.Sqrt(2 * float64(d[0]) / float64(a.Shape.Size()))
			}
		}
		for i := range a.V {
			a.V[i] = float64(float32(scale * s.Normal()))
		}
		args = append(args, a)
	}
	grads, err := autodiff.Gradients(f, loss, wrt)
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range grads {
		f.Outputs = append(f.Outputs, ir.Port{Name: "grad." + f.Inputs[i].Name, Value: g})
	}
	return f, args
}

// residual is a stem with max-pooling and two residual blocks of c channels, the
// second with stride 2 and a normalised shortcut, and a projection.
func residual(batch, size, c int) func(b *trace.Builder) trace.Value {
	return func(b *trace.Builder) trace.Value {
		conv := func(x trace.Value, name string, k, stride, from, to int) trace.Value {
			return x.Conv(b.Input("w"+name, shape.F32(to, from, k, k)), trace.Square(stride, k/2))
		}
		norm := func(x trace.Value, name string, c int) trace.Value {
			y, _, _ := x.BatchNorm(b.Input("s"+name, shape.F32(c)), b.Input("o"+name, shape.F32(c)), 1e-5, 1)
			return y
		}
		x := b.Input("x", shape.F32(batch, size, size, 3))
		x = norm(conv(x, "0", 3, 1, 3, c), "0", c).Relu().MaxPool(3, 1, 1)
		y := norm(conv(x, "1", 3, 1, c, c), "1", c).Relu()
		x = norm(conv(y, "2", 3, 1, c, c), "2", c).Add(x).Relu()
		y = norm(conv(x, "3", 3, 2, c, 2*c), "3", 2*c).Relu()
		y = norm(conv(y, "4", 3, 1, 2*c, 2*c), "4", 2*c)
		x = y.Add(norm(conv(x, "5", 1, 2, c, 2*c), "5", 2*c)).Relu()
		z := x.Mean(1, 2).MatMul(b.Input("w6", shape.F32(2*c, 5))).L2Normalize(1)
		return z.MatMul(z.T()).Scale(2).LogSoftmax().Square().Mean()
	}
}

// transformer is a class token and one pre-norm block of a vision transformer.
func transformer(batch, n, heads, d int) func(b *trace.Builder) trace.Value {
	return func(b *trace.Builder) trace.Value {
		c := heads * d
		linear := func(x trace.Value, name string, from, to int) trace.Value {
			return x.MatMul(b.Input("w"+name, shape.F32(from, to))).Add(b.Input("b"+name, shape.F32(to)))
		}
		norm := func(x trace.Value, name string) trace.Value {
			return x.LayerNorm(b.Input("s"+name, shape.F32(c)), b.Input("o"+name, shape.F32(c)), 1e-6)
		}
		split := func(x trace.Value) trace.Value { return x.Reshape(batch, n+1, heads, d).Transpose(0, 2, 1, 3) }
		x := linear(b.Input("x", shape.F32(batch, n, 12)), "0", 12, c)
		x = b.Concat(1, b.Input("token", shape.F32(1, 1, c)).BroadcastTo(batch, 1, c), x)
		y := norm(x, "1")
		q, k, v := split(linear(y, "q", c, c)), split(linear(y, "k", c, c)), split(linear(y, "v", c, c))
		y = q.MatMul(k.T()).Scale(1 / math.Sqrt(float64(d))).Softmax().MatMul(v)
		x = x.Add(linear(y.Transpose(0, 2, 1, 3).Reshape(batch, n+1, c), "2", c, c))
		x = x.Add(linear(linear(norm(x, "3"), "4", c, 4*c).Gelu(), "5", 4*c, c))
		return norm(x, "6").Slice(1, 0, 1).Square().Tanh().Mean()
	}
}

// frobenius is the Frobenius norm of a list of tensors, or of its difference to another.
func frobenius(list, minus []interp.Tensor) float64 {
	var sum float64
	for i, t := range list {
		for j, v := range t.V {
			if minus != nil {
				v -= minus[i].V[j]
			}
			sum += v * v
		}
	}
	return math.Sqrt(sum)
}

// The mixed program on the executor is that on the oracle but for values that lie
// so close to the middle of two bfloat16s that float32 and float64 sums round apart,
// and has the same bits for any workers. Against float32's program in float64 all
// gradients together have the error of bfloat16: relative Frobenius norms, printed
// with -v.
func TestBF16EqualsTheOracle(t *testing.T) {
	for name, build := range map[string]func(b *trace.Builder) trace.Value{
		"residual/8":       residual(4, 8, 8),
		"residual/odd":     residual(3, 7, 7),
		"residual/wide":    residual(2, 6, 32),
		"residual/one":     residual(2, 1, 1),
		"transformer":      transformer(2, 6, 2, 8),
		"transformer/odd":  transformer(3, 5, 3, 7),
		"transformer/one":  transformer(1, 1, 1, 1),
		"transformer/wide": transformer(2, 6, 2, 32), // whose products have epilogues
	} {
		t.Run(name, func(t *testing.T) {
			f, args := network(t, name, build)
			exact, err := interp.Run(f, args, nil)
			if err != nil {
				t.Fatal(err)
			}
			mixed, err := compile.Func(f, compile.BF16)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(mixed.String(), "bf16[") {
				t.Fatal("nothing is bf16")
			}
			want, err := interp.Run(mixed, args, nil)
			if err != nil {
				t.Fatal(err)
			}
			one, three := run(t, mixed, args, 1), run(t, mixed, args, 3)
			all := frobenius(want, nil)
			rounding := 0.0
			if name == "transformer/one" { // layer norms of one element: 0 as a float32 difference, times 1/sqrt(epsilon)
				rounding = all / math.Sqrt(1e-6) / (1 << 24)
			}
			for i := range want {
				if d := frobenius(one[i:i+1], want[i:i+1]); !(d <= 1e-3*(frobenius(want[i:i+1], nil)+0.01*all)+rounding) {
					t.Errorf("%s: %.2g from the oracle, of norm %.2g", f.Outputs[i].Name, d, frobenius(want[i:i+1], nil))
				}
				if string(one[i].Bytes()) != string(three[i].Bytes()) {
					t.Errorf("%s: bits differ between 1 and 3 workers", f.Outputs[i].Name)
				}
			}
			oracle, loss, total := frobenius(one, want)/all, math.Abs(one[0].V[0]/exact[0].V[0]-1), frobenius(one, exact)/frobenius(exact, nil)
			t.Logf("%.1e from the oracle; from float64 the loss %.1e, all gradients %.1e", oracle, loss, total)
			if !(total <= 0.2) && !strings.HasSuffix(name, "/one") { // of one element: gradients that are 0
				t.Errorf("the gradients are %.2g from float64", total)
			}
		})
	}
}
