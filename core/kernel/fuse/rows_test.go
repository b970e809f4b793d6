package fuse

import (
	"fmt"
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
)

// A program that is given its first input in pieces of rows has the bits that it has
// with the whole: whatever the pieces, and whatever else it reads.
func TestRowsEqualTheWhole(t *testing.T) {
	for _, dims := range [][]int{{1, 1}, {33, 31}, {5, 1030}, {17, 192}, {3, 2048}, {2, 4, 100}, {2, 1, 6, 65}} {
		last := len(dims) - 1
		along := func(kept ...int) []int { // strides of an operand that has some of the dimensions
			own := make([]int, len(dims))
			for d := range own {
				own[d] = 1
			}
			for _, d := range kept {
				own[d] = dims[d]
			}
			st := shape.Strides(own)
			for d := range st {
				if own[d] == 1 {
					st[d] = 0
				}
			}
			return st
		}
		dense := shape.Strides(dims)
		s := Spec{Dims: dims, Inputs: []Input{{dtype.F32, dense}, {dtype.F32, along(last)}, {dtype.F32, along(last-1, last)}, {dtype.F32, along(0)},
			{dtype.F32, along()}, {dtype.F32, dense}, {dtype.BF16, dense}, {dtype.BF16, along(last)}},
			Code: []Instr{{Op: Add, A: In(0), B: In(1)}, {Op: Add, A: Value(0), B: In(2)}, {Op: Multiply, A: Value(1), B: In(3)}, {Op: Subtract, A: Value(2), B: In(4)},
				{Op: Maximum, A: Value(3), B: In(5)}, {Op: Convert, DType: dtype.F32, A: In(6)}, {Op: Convert, DType: dtype.F32, A: In(7)},
				{Op: Add, A: Value(5), B: Value(6)}, {Op: Add, A: Value(4), B: Value(7)}, {Op: Convert, DType: dtype.BF16, A: Value(8)}, {Op: LT, A: Value(8), B: F32(0)}},
			Outputs: []Arg{Value(1), Value(8), Value(9), Value(10), In(0)}}
		in := allocate(s, 5)
		for i, x := range s.Inputs { // which NaN a maximum is may depend on the place in a block
			for e := range in[i].Len(x.DType) {
				switch v := load(in[i], x.DType, e).f(); {
				case v-v == 0:
				case x.DType == dtype.F32:
					in[i].F32[e] = 2
				default:
					in[i].BF16[e] = 0
				}
			}
		}
		want, _ := run(t, s, 1, in, nil)
		s.Given = true
		for turn := range 20 {
			k, err := New(s, 1)
			if err != nil {
				t.Fatal(err)
			}
			out := make([]buf.Buf, len(s.Outputs))
			for i, d := range k.OutputDTypes() {
				out[i] = buf.Make(d, k.n)
			}
			given := in[0].F32
			k.Bind(make([]float32, k.Scratch()), out, append([]buf.Buf{{}}, in[1:]...))
			random := rng.New(uint64(turn)).Stream()
			n := dims[last]
			for r := 0; r < k.n/n; {
				rows := 1 + random.Intn(min(4, k.n/n-r))
				for j := 0; j < n; {
					cols := n - j
					if turn > 0 { // the first turn has whole rows
						cols = 1 + random.Intn(cols)
					}
					var part []float32
					for i := range rows {
						part = append(part, given[(r+i)*n+j:][:cols]...)
					}
					k.Rows(0, part, rows, cols, r*n+j, n)
					j += cols
				}
				r += rows
			}
			for o := range want {
				if string(out[o].U8) != string(want[o].U8) {
					t.Fatalf("%v, turn %d: output %d differs", dims, turn, o)
				}
			}
		}
	}
}

func TestOnlyADenseFloatIsGiven(t *testing.T) {
	for _, in := range []Input{{dtype.F32, []int{0}}, {dtype.I32, []int{1}}} {
		if _, err := New(Spec{Dims: []int{4}, Inputs: []Input{in}, Outputs: []Arg{In(0)}, Given: true}, 1); err == nil || fmt.Sprint(err) != "fuse: expected a dense input 0 of f32 to be given in parts" {
			t.Errorf("%+v: error %v", in, err)
		}
	}
}
