package sdk

import (
	"errors"
	"math"
	"strconv"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/wire"
)

// Array is a copied tensor, row-major: F32 or I32, by its type.
type Array struct {
	Dims []int
	F32  []float32
	I32  []int32
}

// Evaluator computes what cannot be traced: a value, and its gradient with
// respect to each f32 input, in their order and of their sizes. The same inputs
// must give the same result.
type Evaluator interface {
	Eval(in []Array) (value float64, grads [][]float32, err error)
}

// EvalLoss declares a loss of one of the signatures (contrast, classify, predict ...)
// that is evaluated, not traced. Each step copies its inputs to the plugin and the
// gradients back, so a traced loss is always faster.
func EvalLoss(id, version, signature string, l Evaluator) *Plugin {
	p := loss(id, version, signature, func(b *Builder, in []Value) Value {
		return b.Emit("eval", in, ir.String("callee", "loss"))[0]
	})
	p.info.Style = "eval"
	p.eval = func(req *wire.EvalRequest) (*wire.EvalReply, error) {
		in := make([]Array, len(req.Inputs))
		for i, t := range req.Inputs {
			if t.Shape.DType != dtype.F32 && t.Shape.DType != dtype.I32 || len(t.Data) != t.Shape.Bytes() {
				return nil, errors.New(id + ": input " + strconv.Itoa(i) + ": expected f32 or i32 and all of its bytes, found " + t.Shape.String() + " in " + strconv.Itoa(len(t.Data)))
			}
			in[i] = array(t)
		}
		value, grads, err := l.Eval(in)
		if err != nil {
			return nil, errors.New(id + ": " + err.Error())
		}
		reply := &wire.EvalReply{Value: value}
		for i, t := range req.Inputs {
			if t.Shape.DType != dtype.F32 {
				continue
			}
			n := len(reply.Grads)
			if n >= len(grads) || len(grads[n]) != t.Shape.Size() {
				return nil, errors.New(id + ": expected a gradient of " + strconv.Itoa(t.Shape.Size()) + " elements for input " + strconv.Itoa(i))
			}
			reply.Grads = append(reply.Grads, wire.Tensor{Shape: t.Shape, Data: bytesOf(grads[n])})
		}
		return reply, nil
	}
	return p
}

func array(t wire.Tensor) Array {
	a := Array{Dims: t.Shape.Dims}
	for i := 0; i < len(t.Data); i += 4 {
		w := word(t.Data[i:])
		if t.Shape.DType == dtype.I32 {
			a.I32 = append(a.I32, int32(w))
		} else {
			a.F32 = append(a.F32, math.Float32frombits(w))
		}
	}
	return a
}

// word is four little-endian bytes.
func word(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

func bytesOf(x []float32) []byte {
	b := make([]byte, 0, 4*len(x))
	for _, v := range x {
		w := math.Float32bits(v)
		b = append(b, byte(w), byte(w>>8), byte(w>>16), byte(w>>24))
	}
	return b
}
