package fuse

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
)

var types = []dtype.DType{dtype.F32, dtype.BF16, dtype.I32, dtype.U32, dtype.Bool, dtype.U8}

// ops lists what each element type admits, with the type of the result.
func ops(t dtype.DType) []Op {
	switch t {
	case dtype.F32:
		list := []Op{Abs, Negate, Exponential, ExponentialMinusOne, Log, LogPlusOne, Sqrt, Rsqrt, Tanh, Logistic, Erf, Sine, Cosine, Sign,
			Floor, Ceil, RoundNearestEven, IsFinite, Add, Subtract, Multiply, Divide, Maximum, Minimum, Power, Remainder}
		return append(list, common...)
	case dtype.I32, dtype.U32:
		list := []Op{Abs, Negate, Sign, Not, Add, Subtract, Multiply, Divide, Maximum, Minimum, Remainder, And, Or, Xor, ShiftLeft, ShiftRightLogical}
		return append(list, common...)
	case dtype.Bool:
		return []Op{Not, And, Or, Xor, EQ, NE, LT, LE, GT, GE, Select, Convert}
	}
	return []Op{Convert, Select}
}

// fataler is what testing.T and rapid.T have in common here.
type fataler interface {
	Fatal(...any)
	Fatalf(string, ...any)
}

var common = []Op{EQ, NE, LT, LE, GT, GE, Select, Clamp, Convert}

// fillRandom gives b special values and ordinary ones of type t.
func fillRandom(b buf.Buf, t dtype.DType, seed uint64) {
	s := rng.New(seed).Stream()
	special := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 2.5, -0.5, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1e9, -1e10, 300, 1e-41}
	for i := range b.Len(t) {
		switch t {
		case dtype.F32:
			b.F32[i] = float32(s.Normal()) * 3
			if s.Intn(4) == 0 {
				b.F32[i] = special[s.Intn(len(special))]
			}
		case dtype.BF16:
			v := float32(s.Normal()) * 3
			if s.Intn(4) == 0 {
				v = special[s.Intn(len(special))]
			}
			b.BF16[i] = dtype.BF16FromF32(math.Float32bits(v))
		case dtype.I32, dtype.U32:
			b.U32[i] = uint32(s.Intn(7) - 3)
			if s.Intn(4) == 0 {
				b.U32[i] = s.Uint32() >> s.Intn(32)
			}
			if s.Intn(20) == 0 {
				b.U32[i] = 1 << 31
			}
		case dtype.Bool:
			b.U8[i] = uint8(s.Intn(2))
		case dtype.U8:
			b.U8[i] = uint8(s.Intn(256))
		}
	}
}

func allocate(s Spec, seed uint64) []buf.Buf {
	in := make([]buf.Buf, len(s.Inputs))
	for i, x := range s.Inputs {
		in[i] = buf.Make(x.DType, layoutOf(s.Dims, x.Strides).size)
		fillRandom(in[i], x.DType, seed+uint64(i))
	}
	return in
}

// run executes s on a pool of the given number of workers.
func run(t fataler, s Spec, workers int, in []buf.Buf, alias map[int]int) ([]buf.Buf, *Kernel) {
	k, err := New(s, workers)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]buf.Buf, len(s.Outputs))
	for i, d := range k.OutputDTypes() {
		if j, ok := alias[i]; ok {
			out[i] = in[j]
			continue
		}
		out[i] = buf.Make(d, k.n)
	}
	p := pool.New(workers)
	defer p.Close()
	k.Bind(make([]float32, k.Scratch()), out, in)
	k.Run(p)
	return out, k
}

func check(t fataler, s Spec, types []dtype.DType, got []buf.Buf, want [][]scalar) {
	for o := range got {
		for e, w := range want[o] {
			g := load(got[o], types[o], e)
			zeros := g.t.Float() && g.f() == 0 && w.f() == 0
			if nan := g.t.Float() && g.f() != g.f() && w.f() != w.f(); g.bits != w.bits && !nan && !zeros || g.t != w.t {
				t.Fatalf("output %d, element %d of %v: %v %x, want %v %x\n%v", o, e, s.Dims, g.t, g.bits, w.t, w.bits, s.Code)
			}
		}
	}
}

// Random programs over random shapes, broadcasts, types and in-place outputs
// equal the twin, in every bit and for any number of workers.
func TestRandomProgramsEqualTheTwin(t *testing.T) {
	shapes := [][]int{{}, {1}, {7}, {8}, {3, 5}, {2, 3, 4}, {4, 1, 6, 2}, {33, 31}, {1100}, {130, 16}, {40, 3, 24}, {5, 1030}, {17, 100, 12}, {2, 2048}, {17000}}
	rapid.Check(t, func(r *rapid.T) {
		s := Spec{Dims: rapid.SampledFrom(shapes).Draw(r, "dims")}
		var args []Arg
		var argTypes []dtype.DType
		for i := range rapid.IntRange(1, 4).Draw(r, "inputs") {
			st := append([]int(nil), shape.Strides(s.Dims)...)
			kept := append([]int(nil), s.Dims...)
			switch kind := rapid.IntRange(0, 5).Draw(r, "kind"); {
			case kind >= 3: // dense
			default: // drop some dimensions
				for d := range st {
					if kind == 0 || rapid.Bool().Draw(r, "drop") {
						kept[d] = 1
					}
				}
				for d, full := range shape.Strides(kept) {
					st[d] = full
					if kept[d] == 1 {
						st[d] = 0
					}
				}
				if kind == 2 && len(st) > 1 && rapid.Bool().Draw(r, "transposed") {
					st = append([]int(nil), shape.Strides(s.Dims)...)
					st[0], st[1] = 1, s.Dims[0]
					for d := 2; d < len(st); d++ {
						st[d] = 0
					}
				}
			}
			in := Input{rapid.SampledFrom(types).Draw(r, "type"), st}
			s.Inputs = append(s.Inputs, in)
			args, argTypes = append(args, In(i)), append(argTypes, in.DType)
		}
		for _, a := range []Arg{F32(0.5), I32(-3), U32(5), Bool(true)} {
			args, argTypes = append(args, a), append(argTypes, a.dtype)
		}
		pick := func(t dtype.DType) Arg {
			var fit []int
			for i := range args {
				if argTypes[i] == t {
					fit = append(fit, i)
				}
			}
			if len(fit) == 0 {
				return Arg{}
			}
			return args[rapid.SampledFrom(fit).Draw(r, "arg")]
		}
		for i := range rapid.IntRange(1, 12).Draw(r, "length") {
			at := rapid.IntRange(0, len(args)-1).Draw(r, "operand")
			t := argTypes[at]
			c := Instr{Op: rapid.SampledFrom(ops(t)).Draw(r, "op"), A: args[at]}
			result := t
			switch {
			case c.Op == Convert:
				result = rapid.SampledFrom(types).Draw(r, "to")
			case c.Op == Select:
				c.A, c.B, c.C = pick(dtype.Bool), args[at], pick(t)
			case c.Op == Clamp:
				c.B, c.C = pick(t), pick(t)
			case c.Op.operands() == 2:
				c.B = pick(t)
			}
			if c.Op == IsFinite || c.Op >= EQ && c.Op <= GE {
				result = dtype.Bool
			}
			c.DType = result
			s.Code = append(s.Code, c)
			args, argTypes = append(args, Value(i)), append(argTypes, result)
		}
		var outTypes []dtype.DType
		alias := map[int]int{}
		for o := range rapid.IntRange(1, 3).Draw(r, "outputs") {
			at := rapid.IntRange(0, len(args)-1).Draw(r, "output")
			if o == 0 {
				at = len(args) - 1
			}
			s.Outputs = append(s.Outputs, args[at])
			outTypes = append(outTypes, argTypes[at])
		}
		n := shape.F32(s.Dims...).Size()
		in := allocate(s, rapid.Uint64().Draw(r, "seed"))
		want := twin(s, in, outTypes, n)
		one, k := run(t, s, 1, in, nil)
		check(r, s, outTypes, one, want)
		if k.n <= k.chunk && n > 1 {
			// one chunk: more workers change nothing
		} else if three, _ := run(t, s, 3, in, nil); true {
			for o := range one {
				if string(one[o].U8) != string(three[o].U8) {
					r.Fatalf("output %d differs between 1 and 3 workers", o)
				}
			}
		}
		taken := map[int]bool{}
		for o := range s.Outputs {
			for i, x := range s.Inputs {
				if d := layoutOf(s.Dims, x.Strides); x.DType.Size() == outTypes[o].Size() && d.size == n && (d.dense() || n == 1) && !taken[i] {
					if rapid.Bool().Draw(r, "in place") {
						alias[o] = i
						taken[i] = true
						break
					}
				}
			}
		}
		got, _ := run(t, s, 2, in, alias)
		check(r, s, outTypes, got, want)
	})
}

// Every op on every type it takes, so that the random programs cannot miss one.
func TestEveryOp(t *testing.T) {
	for _, d := range types {
		for _, o := range ops(d) {
			dense := func(t dtype.DType) Input { return Input{t, []int{1}} }
			s := Spec{Dims: []int{1037}, Inputs: []Input{dense(d), dense(d), dense(d), dense(dtype.Bool)}, Outputs: []Arg{Value(0)}}
			tos := []dtype.DType{d}
			if o == Convert {
				tos = types
			}
			for _, to := range tos {
				c := Instr{Op: o, A: In(0), B: In(1), C: In(2)}
				if o == Select {
					c.A = In(3)
				}
				if o == Convert {
					c.DType = to
				}
				s.Code = []Instr{c}
				in := allocate(s, 11)
				got, k := run(t, s, 2, in, nil)
				check(t, s, k.OutputDTypes(), got, twin(s, in, k.OutputDTypes(), 1037))
			}
		}
	}
}

func TestLookupFindsEveryOp(t *testing.T) {
	for o := Abs; o < numOps; o++ {
		name, direction := o.String(), ""
		if o >= EQ && o <= GE {
			name, direction = "compare", o.String()
		}
		if got, ok := Lookup(name, direction); got != o || !ok {
			t.Errorf("Lookup(%q, %q) = %v, %v", name, direction, got, ok)
		}
	}
	for _, name := range []string{"", "invalid", "LT", "reduce"} {
		if o, ok := Lookup(name, ""); ok {
			t.Errorf("Lookup(%q) = %v", name, o)
		}
	}
}

func TestBadProgramsAreErrors(t *testing.T) {
	dense := Input{dtype.F32, []int{1}}
	for _, c := range []struct {
		name, want string
		s          Spec
	}{
		{"type", "f32", Spec{Dims: []int{4}, Inputs: []Input{{dtype.Image, []int{1}}}}},
		{"stride count", "expected 1 strides", Spec{Dims: []int{4}, Inputs: []Input{{dtype.F32, nil}}}},
		{"stride", "out of range", Spec{Dims: []int{4}, Inputs: []Input{{dtype.F32, []int{1 << 40}}}}},
		{"negative stride", "out of range", Spec{Dims: []int{4}, Inputs: []Input{{dtype.F32, []int{-1}}}}},
		{"dimension", "below 1", Spec{Dims: []int{0}}},
		{"forward reference", "before its use", Spec{Dims: []int{4}, Code: []Instr{{Op: Abs, A: Value(0)}}}},
		{"missing operand", "missing", Spec{Dims: []int{4}, Inputs: []Input{dense}, Code: []Instr{{Op: Add, A: In(0)}}}},
		{"mixed types", "one type", Spec{Dims: []int{4}, Inputs: []Input{dense}, Code: []Instr{{Op: Add, A: In(0), B: I32(1)}}}},
		{"not of floats", "does not take f32", Spec{Dims: []int{4}, Inputs: []Input{dense}, Code: []Instr{{Op: And, A: In(0), B: In(0)}}}},
		{"result type", "expected a result of i32", Spec{Dims: []int{4}, Inputs: []Input{dense}, Code: []Instr{{Op: Abs, DType: dtype.I32, A: In(0)}}}},
		{"unknown op", "unknown op", Spec{Dims: []int{4}, Code: []Instr{{Op: 200}}}},
	} {
		if _, err := New(c.s, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func TestRunDoesNotAllocate(t *testing.T) {
	s := reluGrad(100, 64)
	in := allocate(s, 3)
	k, err := New(s, 2)
	if err != nil {
		t.Fatal(err)
	}
	k.Bind(make([]float32, k.Scratch()), []buf.Buf{buf.Make(dtype.F32, k.n)}, in)
	p := pool.New(2)
	defer p.Close()
	if n := testing.AllocsPerRun(20, func() { k.Run(p) }); n != 0 {
		t.Errorf("Run allocates %v times", n)
	}
}

// What is stored as float32 of a value that was rounded to bfloat16 is the rounded one.
func TestFloatOfARoundedValueIsRounded(t *testing.T) {
	s := Spec{
		Dims: []int{37}, Inputs: []Input{{dtype.F32, []int{1}}},
		Code:    []Instr{{Op: Convert, A: In(0), DType: dtype.BF16}, {Op: Convert, A: Value(0), DType: dtype.F32}},
		Outputs: []Arg{Value(1), Value(0)},
	}
	types := []dtype.DType{dtype.F32, dtype.BF16}
	in := allocate(s, 1)
	got, _ := run(t, s, 1, in, nil)
	check(t, s, types, got, twin(s, in, types, 37))
}
