// Package samples owns the question whether a batch may be cut: how each value of
// a traced objective depends on the images of the batch. It decides on gradient
// accumulation, where a batch is done in parts. Start from [Analyse].
package samples

import (
	"encoding/binary"
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
)

// Kind is how a value depends on the images of a batch.
type Kind uint8

const (
	// Free of the batch.
	Free Kind = iota
	// Each element depends on one image alone.
	Each
	// Sum over images of what depends on one image alone.
	Sum
	// Statistic of batch normalisation: a mean or a variance over the batch.
	Statistic
	// Mixed depends on images together in another way.
	Mixed
)

// Value is how one value depends on the batch.
type Value struct {
	Kind Kind
	// Stride says which image an element of Each belongs to: element l in row-major
	// order to (l / Stride) mod batch.
	Stride int
	// Scales is, for a Sum, by what each of its terms was multiplied on the way: 1/n
	// for a mean over n.
	Scales []float64
	// At is, for Mixed, the instruction that first joined images.
	At *ir.Instr
	// Norm is whether batch statistics are in it.
	Norm bool
}

// Analysis is how every value of a function depends on the batch.
type Analysis struct {
	Values []Value
	f      *ir.Func
	batch  int
	def    []*ir.Instr
}

// Analyse follows a batch of two images or more through f. input says which inputs
// hold it: along the first dimension, image after image, once for each view.
func Analyse(f *ir.Func, batch int, input func(name string) bool) *Analysis {
	a := &Analysis{Values: make([]Value, len(f.Shapes)), f: f, batch: batch, def: make([]*ir.Instr, len(f.Shapes))}
	for _, p := range f.Inputs {
		if input(p.Name) {
			s := f.Shape(p.Value)
			a.Values[p.Value] = Value{Kind: Each, Stride: s.Size() / s.Dims[0]}
		}
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		for _, v := range in.Out {
			a.def[v] = in
		}
		a.instr(in)
	}
	return a
}

// instr finds how the results of an instruction depend on the batch.
func (a *Analysis) instr(in *ir.Instr) {
	most, norm := Free, false
	var mixed *ir.Instr
	for _, v := range in.In {
		x := &a.Values[v]
		most, norm = max(most, x.Kind), norm || x.Norm
		if mixed == nil {
			mixed = x.At
		}
	}
	if most == Free {
		return
	}
	out := make([]Value, len(in.Out))
	ok := false
	switch d := op.Lookup(in.Op); {
	case most == Mixed || most == Statistic:
	case most == Sum:
		ok = a.linear(in, out)
	case in.Op == "stop_gradient":
		out[0], ok = a.Values[in.In[0]], true
	case d != nil && d.Class == op.Elementwise:
		ok = a.elementwise(in, out)
	default:
		if rule := rules[in.Op]; rule != nil {
			ok = rule(a, in, out)
		}
	}
	for j, v := range in.Out {
		switch {
		case ok:
			out[j].Norm = out[j].Norm || norm
		case most == Statistic: // of running statistics, or else of a loss that goes by them
			out[j] = Value{Kind: Statistic, At: in, Norm: true}
		case mixed != nil:
			out[j] = Value{Kind: Mixed, At: mixed, Norm: norm}
		default:
			out[j] = Value{Kind: Mixed, At: in, Norm: norm}
		}
		a.Values[v] = out[j]
	}
}

// elementwise joins elements of the same image, and follows what they are multiplied by.
func (a *Analysis) elementwise(in *ir.Instr, out []Value) bool {
	stride := 0
	for _, v := range in.In {
		x := &a.Values[v]
		if x.Kind == Free {
			continue
		}
		if stride != 0 && x.Stride != stride {
			return false
		}
		stride = x.Stride
	}
	out[0] = Value{Kind: Each, Stride: stride, Scales: []float64{a.scale(in)}}
	return true
}

// scale is by what a product of values of images multiplies them, if that is all it does.
func (a *Analysis) scale(in *ir.Instr) float64 {
	prior := func(v ir.ID) float64 {
		if s := a.Values[v].Scales; len(s) == 1 {
			return s[0]
		}
		return 1
	}
	switch in.Op {
	case "negate", "convert":
		return prior(in.In[0])
	case "multiply":
		if c, ok := a.constant(in.In[1]); ok {
			return prior(in.In[0]) * c
		}
		if c, ok := a.constant(in.In[0]); ok {
			return prior(in.In[1]) * c
		}
	case "divide":
		if c, ok := a.constant(in.In[1]); ok {
			return prior(in.In[0]) / c
		}
	}
	return 1
}

// linear is an instruction on sums over images whose result is one too.
func (a *Analysis) linear(in *ir.Instr, out []Value) bool {
	x := a.Values[in.In[0]]
	switch in.Op {
	case "reshape", "broadcast_in_dim", "convert", "negate", "stop_gradient", "transpose", "slice":
		out[0] = x
		return true
	case "reduce":
		out[0] = x
		return in.Attrs.Str("kind") == "add"
	case "add", "subtract":
		y := a.Values[in.In[1]]
		if x.Kind == Each || y.Kind == Each {
			return false
		}
		out[0] = Value{Kind: Sum, Scales: append(append([]float64(nil), x.Scales...), y.Scales...)}
		return true
	case "multiply", "divide":
		at, other := 0, 1
		if x.Kind == Free {
			at, other = 1, 0
		}
		if a.Values[in.In[other]].Kind != Free || in.Op == "divide" && at == 1 {
			return false
		}
		c, ok := a.constant(in.In[other])
		if !ok {
			c = 1
		}
		if in.Op == "divide" {
			c = 1 / c
		}
		out[0] = Value{Kind: Sum}
		for _, s := range a.Values[in.In[at]].Scales {
			out[0].Scales = append(out[0].Scales, s*c)
		}
		return true
	}
	return false
}

// constant is the one number that a value is made of.
func (a *Analysis) constant(v ir.ID) (float64, bool) {
	in := a.def[v]
	for in != nil && (in.Op == "broadcast_in_dim" || in.Op == "reshape") {
		in = a.def[in.In[0]]
	}
	if in == nil || in.Op != "constant" {
		return 0, false
	}
	data := in.Attrs.Data("value")
	if len(data) != 4 || in.Attrs.ShapeOf("shape").DType != dtype.F32 {
		return 0, false
	}
	return float64(math.Float32frombits(binary.LittleEndian.Uint32(data))), true
}
