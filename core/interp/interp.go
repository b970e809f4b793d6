// Package interp owns the oracle: a slow, obvious executor that every fast one
// is compared with. Elements of every type are held as float64, which holds
// all 32-bit types exactly; f32 results are rounded once, bf16 results to f32 first. Start from [Run].
package interp

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Tensor is a shape and its elements in row-major order.
type Tensor struct {
	Shape shape.Shape
	V     []float64
}

// Zeros makes a tensor of zeros.
func Zeros(s shape.Shape) Tensor { return Tensor{s, make([]float64, s.Size())} }

// Eval runs a plugin's code; it returns a value and a gradient for each f32 operand.
type Eval func(callee string, in []Tensor) ([]Tensor, error)

// Run computes f's outputs from its inputs, in the order of its ports.
func Run(f *ir.Func, inputs []Tensor, eval Eval) ([]Tensor, error) {
	if len(inputs) != len(f.Inputs) {
		return nil, fmt.Errorf("interp: @%s: expected %d inputs, found %d", f.Name, len(f.Inputs), len(inputs))
	}
	env := make([]Tensor, len(f.Shapes))
	for i, p := range f.Inputs {
		if want := f.Shape(p.Value); !want.Equal(inputs[i].Shape) || len(inputs[i].V) != want.Size() {
			return nil, fmt.Errorf("interp: @%s: input %s: expected %s, found %s", f.Name, p.Name, want, inputs[i].Shape)
		}
		env[p.Value] = inputs[i]
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		args := make([]Tensor, len(in.In))
		for j, v := range in.In {
			args[j] = env[v]
		}
		out := make([]Tensor, len(in.Out))
		for j, v := range in.Out {
			out[j] = Zeros(f.Shape(v))
		}
		var err error
		switch {
		case in.Body != nil:
			out, err = Run(in.Body, args, eval)
		case in.Op == "eval" && eval != nil:
			out, err = eval(in.Attrs.Str("callee"), args)
		default:
			err = Instr(in, args, out)
		}
		if err != nil {
			return nil, fmt.Errorf("interp: @%s: instruction %d: %s: %w", f.Name, i, in.Op, err)
		}
		for j, v := range in.Out {
			env[v] = out[j]
		}
	}
	results := make([]Tensor, len(f.Outputs))
	for i, p := range f.Outputs {
		results[i] = env[p.Value]
	}
	return results, nil
}

// Instr computes one instruction into out, which has the results' shapes and zeros.
func Instr(in *ir.Instr, args, out []Tensor) error {
	row, ok := table[in.Op]
	if !ok {
		return fmt.Errorf("no interpretation")
	}
	row(in.Attrs, args, out)
	for _, t := range out {
		t.round()
	}
	return nil
}

// round brings the elements into their type.
func (t Tensor) round() {
	switch t.Shape.DType {
	case dtype.F32:
		for i, x := range t.V {
			t.V[i] = float64(float32(x))
		}
	case dtype.BF16:
		for i, x := range t.V {
			t.V[i] = float64(math.Float32frombits(dtype.F32FromBF16(bf16(x))))
		}
	case dtype.I32:
		for i, x := range t.V {
			t.V[i] = float64(int32(int64(x)))
		}
	case dtype.U32:
		for i, x := range t.V {
			t.V[i] = float64(uint32(int64(x)))
		}
	}
}

// bf16 rounds to float32, which is what arithmetic gives, and that to bfloat16.
func bf16(x float64) uint16 { return dtype.BF16FromF32(math.Float32bits(float32(x))) }

// FromBytes reads little-endian elements; one element fills the whole shape.
func FromBytes(s shape.Shape, b []byte) Tensor {
	t := Zeros(s)
	size := s.DType.Size()
	for i := range t.V {
		at := b
		if len(b) > size {
			at = b[i*size:]
		}
		t.V[i] = element(s.DType, at)
	}
	return t
}

func element(d dtype.DType, b []byte) float64 {
	switch d {
	case dtype.F32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case dtype.I32:
		return float64(int32(binary.LittleEndian.Uint32(b)))
	case dtype.U32:
		return float64(binary.LittleEndian.Uint32(b))
	case dtype.BF16:
		return float64(math.Float32frombits(dtype.F32FromBF16(binary.LittleEndian.Uint16(b))))
	default:
		return float64(b[0])
	}
}

// Bytes writes the elements little-endian.
func (t Tensor) Bytes() []byte {
	var b []byte
	for _, x := range t.V {
		switch t.Shape.DType {
		case dtype.F32:
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x)))
		case dtype.BF16:
			b = binary.LittleEndian.AppendUint16(b, bf16(x))
		case dtype.I32:
			b = binary.LittleEndian.AppendUint32(b, uint32(int32(x)))
		case dtype.U32:
			b = binary.LittleEndian.AppendUint32(b, uint32(x))
		default:
			b = append(b, byte(x))
		}
	}
	return b
}

// each visits the indices of dims in row-major order.
func each(dims []int, visit func(flat int, index []int)) {
	index := make([]int, len(dims))
	n := 1
	for _, d := range dims {
		n *= d
	}
	for i := range n {
		visit(i, index)
		for d := len(dims) - 1; d >= 0; d-- {
			if index[d]++; index[d] < dims[d] {
				break
			}
			index[d] = 0
		}
	}
}

func flat(index, dims []int) (n int) {
	for i, x := range index {
		n = n*dims[i] + x
	}
	return n
}
