package exec_test

import (
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/optest"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// Each instruction of every test program gives alone what the interpreter gives.
func TestSingleInstructions(t *testing.T) {
	cases := append([]optest.Case{{Name: "bytes", Inputs: []shape.Shape{shape.Of(dtype.U8, 3, 5), shape.Of(dtype.U8, 3, 5), shape.Of(dtype.Bool, 3, 5)},
		Build: func(b *trace.Builder, in []trace.Value) []trace.Value {
			x := b.Stack(0, in[0], in[1])
			return []trace.Value{in[2].Where(in[0], in[1]), x.Reshape(30), x.Transpose(1, 0, 2), x.Take(1, b.Iota(2)), in[0].Float(), x.Slice(2, 1, 4)}
		}}}, optest.Cases...)
	for _, c := range cases {
		f, err := c.Func()
		if err != nil {
			t.Fatal(err)
		}
		env := make([]interp.Tensor, len(f.Shapes))
		for i, x := range c.Arguments(3) {
			env[f.Inputs[i].Value] = x
		}
		for i := range f.Instrs {
			in := &f.Instrs[i]
			d := op.Lookup(in.Op)
			if in.Op == "eval" || d.Class == op.Link {
				continue
			}
			single(t, c.Name, f, in, env)
		}
	}
}

func single(t *testing.T, name string, f *ir.Func, in *ir.Instr, env []interp.Tensor) {
	t.Helper()
	k, err := exec.NewSingle(f, in)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var args, want []interp.Tensor
	var ins, outs []buf.Buf
	for _, v := range in.In {
		b := buf.New(f.Shape(v).Bytes())
		copy(b.U8, env[v].Bytes())
		args, ins = append(args, env[v]), append(ins, b)
	}
	for _, v := range in.Out {
		want, outs = append(want, interp.Zeros(f.Shape(v))), append(outs, buf.New(f.Shape(v).Bytes()))
	}
	if err := interp.Instr(in, args, want); err != nil {
		t.Fatalf("%s: %s: %v", name, in.Op, err)
	}
	k.Bind(outs, ins)
	k.Run()
	for i, v := range in.Out {
		got := interp.FromBytes(f.Shape(v), outs[i].U8)
		for j, w := range want[i].V {
			if d := got.V[j] - w; !(d <= 1e-4*max(1, w, -w) && -d <= 1e-4*max(1, w, -w)) && !(got.V[j] != got.V[j] && w != w) && got.V[j] != w {
				t.Fatalf("%s: %s: result %d element %d is %v, want %v", name, in.Op, i, j, got.V[j], w)
			}
		}
		env[v] = want[i]
	}
}
