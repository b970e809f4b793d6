// Package wire owns the messages of the plugin boundary (fw.proto) and their
// conversion to and from ir, written by hand over the subset of proto3 that
// they use, so that guests link no protobuf runtime. Start from [TraceRequest].
// It is linked into plugin guests: no fmt, no reflection.
package wire

import (
	"math"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
)

// PluginInfo is what a plugin says of itself.
type PluginInfo struct {
	ID, Kind, Version, Doc   string
	Params                   []schema.Param
	Signature                string // of a loss: what it is; of a pretext task: the loss it needs; of a crop: CropsByBox or ""
	DefaultLoss, DefaultCrop string
	DefaultAugment           string
	Style                    string // trace, crop or eval
}

// CropsByBox is the signature of a crop strategy that goes by boxes.
const CropsByBox = "boxes"

// DescribeReply lists the plugins of one artifact.
type DescribeReply struct {
	ABI, IRVersion int
	Plugins        []PluginInfo
}

// Signature is a callee with its operand shapes and, once known, its result's.
type Signature struct {
	Callee string
	In     []shape.Shape
	Out    shape.Shape
}

// Port is a named shape.
type Port struct {
	Name  string
	Shape shape.Shape
}

// TraceRequest asks for one function. See fw.proto for the fields.
type TraceRequest struct {
	Plugin, Func      string
	Params            []schema.Named
	Inputs            []Port
	Known             []Signature
	Training          bool
	View              int
	Samples, Channels int
	ImageSize, Batch  int
	NormGroups        int // 0 means 1
}

// TraceReply carries a program, or the callee whose result shape is needed first.
type TraceReply struct {
	Program *ir.Program
	Need    *Signature
}

// CropRequest asks for rectangles: slices of n, n, 2n and 4n or 0.
type CropRequest struct {
	Plugin        string
	Params        []schema.Named
	Height, Width []uint32
	Keys          []uint32
	Boxes         []float64
	Views         []uint32
}

// CropReply has y, x, height and width of n rectangles, and which of them are the
// strategy's fall-back.
type CropReply struct{ Rects, FellBack []uint32 }

// Tensor is named little-endian elements.
type Tensor struct {
	Name  string
	Shape shape.Shape
	Data  []byte
}

// EvalRequest asks for a value and its gradients on copied tensors.
type EvalRequest struct {
	Plugin string
	Params []schema.Named
	Inputs []Tensor
}

// EvalReply has the value and a gradient for each f32 input, in order.
type EvalReply struct {
	Value   float64
	Grads   []Tensor
	Outputs []Tensor
}

// Message is any of the messages above.
type Message interface {
	encode(*writer)
	decode(*reader)
}

// Marshal encodes m, appending to buf.
func Marshal(buf []byte, m Message) []byte {
	w := writer{b: buf}
	m.encode(&w)
	return w.b
}

// Unmarshal decodes m from hostile bytes: it never panics, and allocates in
// proportion to len(b).
func Unmarshal(b []byte, m Message) error {
	r := reader{b: b}
	m.decode(&r)
	return r.err
}

func (m *DescribeReply) encode(w *writer) {
	w.uint(1, uint64(m.ABI))
	w.uint(2, uint64(m.IRVersion))
	for i := range m.Plugins {
		w.message(3, m.Plugins[i].encode)
	}
}

func (m *DescribeReply) decode(r *reader) {
	for r.next() {
		switch r.field {
		case 1:
			m.ABI = r.int()
		case 2:
			m.IRVersion = r.int()
		case 3:
			var p PluginInfo
			r.message(p.decode)
			m.Plugins = append(m.Plugins, p)
		}
	}
}

func (p *PluginInfo) encode(w *writer) {
	w.string(1, p.ID)
	w.string(2, p.Kind)
	w.string(3, p.Version)
	w.string(4, p.Doc)
	for i := range p.Params {
		w.message(5, func(w *writer) { w.spec(&p.Params[i]) })
	}
	w.string(6, p.Signature)
	w.string(7, p.DefaultLoss)
	w.string(8, p.DefaultCrop)
	w.string(9, p.DefaultAugment)
	w.string(10, p.Style)
}

func (p *PluginInfo) decode(r *reader) {
	for r.next() {
		switch r.field {
		case 1:
			p.ID = r.string()
		case 2:
			p.Kind = r.string()
		case 3:
			p.Version = r.string()
		case 4:
			p.Doc = r.string()
		case 5:
			p.Params = append(p.Params, r.spec())
		case 6:
			p.Signature = r.string()
		case 7:
			p.DefaultLoss = r.string()
		case 8:
			p.DefaultCrop = r.string()
		case 9:
			p.DefaultAugment = r.string()
		case 10:
			p.Style = r.string()
		}
	}
}

func (w *writer) spec(p *schema.Param) {
	w.string(1, p.Name)
	w.string(2, string(p.Type))
	if p.Default.Type != "" {
		w.message(3, func(w *writer) { w.paramValue(p.Default) })
	}
	w.bool(4, p.HasMin)
	w.bool(5, p.HasMax)
	w.double(6, p.Min)
	w.double(7, p.Max)
	w.bool(8, p.MinOpen)
	w.bool(9, p.MaxOpen)
	for _, c := range p.Choices {
		w.string(10, c)
	}
	w.string(11, p.Doc)
}

func (r *reader) spec() (p schema.Param) {
	r.message(func(r *reader) {
		for r.next() {
			switch r.field {
			case 1:
				p.Name = r.string()
			case 2:
				p.Type = schema.Type(r.string())
			case 3:
				p.Default = r.paramValue()
			case 4:
				p.HasMin = r.bool()
			case 5:
				p.HasMax = r.bool()
			case 6:
				p.Min = r.double()
			case 7:
				p.Max = r.double()
			case 8:
				p.MinOpen = r.bool()
			case 9:
				p.MaxOpen = r.bool()
			case 10:
				p.Choices = append(p.Choices, r.string())
			case 11:
				p.Doc = r.string()
			}
		}
	})
	return p
}

func (w *writer) paramValue(v schema.Value) {
	w.string(1, string(v.Type))
	w.double(2, v.F)
	w.sint(3, v.I)
	w.string(4, v.S)
	w.packed(5, len(v.Fs), func(i int) { w.fixed64(math.Float64bits(v.Fs[i])) })
	w.packed(6, len(v.Is), func(i int) { w.varint(zigzag(v.Is[i])) })
}

func (r *reader) paramValue() (v schema.Value) {
	r.message(func(r *reader) {
		for r.next() {
			switch r.field {
			case 1:
				v.Type = schema.Type(r.string())
			case 2:
				v.F = r.double()
			case 3:
				v.I = r.sint()
			case 4:
				v.S = r.string()
			case 5:
				r.each(type64, func(x uint64) { v.Fs = append(v.Fs, math.Float64frombits(x)) })
			case 6:
				r.each(typeVarint, func(x uint64) { v.Is = append(v.Is, unzigzag(x)) })
			}
		}
	})
	return v
}

func (w *writer) params(field int, params []schema.Named) {
	for i := range params {
		w.message(field, func(w *writer) {
			w.string(1, params[i].Name)
			w.message(2, func(w *writer) { w.paramValue(params[i].Value) })
		})
	}
}

func (r *reader) param() (p schema.Named) {
	r.message(func(r *reader) {
		for r.next() {
			switch r.field {
			case 1:
				p.Name = r.string()
			case 2:
				p.Value = r.paramValue()
			}
		}
	})
	return p
}

func (w *writer) signature(field int, s *Signature) {
	w.message(field, func(w *writer) {
		w.string(1, s.Callee)
		for _, x := range s.In {
			w.shape(2, x)
		}
		if s.Out.DType != 0 {
			w.shape(3, s.Out)
		}
	})
}

func (r *reader) signature() (s Signature) {
	r.message(func(r *reader) {
		for r.next() {
			switch r.field {
			case 1:
				s.Callee = r.string()
			case 2:
				s.In = append(s.In, r.shape())
			case 3:
				s.Out = r.shape()
			}
		}
	})
	return s
}

func (m *TraceRequest) encode(w *writer) {
	w.string(1, m.Plugin)
	w.string(2, m.Func)
	w.params(3, m.Params)
	for _, p := range m.Inputs {
		w.port(4, p.Name, p.Shape)
	}
	for i := range m.Known {
		w.signature(5, &m.Known[i])
	}
	w.bool(6, m.Training)
	w.uint(7, uint64(m.View))
	w.uint(8, uint64(m.Samples))
	w.uint(9, uint64(m.Channels))
	w.uint(10, uint64(m.ImageSize))
	w.uint(11, uint64(m.Batch))
	w.uint(12, uint64(m.NormGroups))
}

func (m *TraceRequest) decode(r *reader) {
	for r.next() {
		switch r.field {
		case 1:
			m.Plugin = r.string()
		case 2:
			m.Func = r.string()
		case 3:
			m.Params = append(m.Params, r.param())
		case 4:
			name, s := r.port()
			m.Inputs = append(m.Inputs, Port{name, s})
		case 5:
			m.Known = append(m.Known, r.signature())
		case 6:
			m.Training = r.bool()
		case 7:
			m.View = r.int()
		case 8:
			m.Samples = r.int()
		case 9:
			m.Channels = r.int()
		case 10:
			m.ImageSize = r.int()
		case 11:
			m.Batch = r.int()
		case 12:
			m.NormGroups = r.int()
		}
	}
}

func (m *TraceReply) encode(w *writer) {
	if m.Program != nil {
		w.message(1, func(w *writer) { w.program(m.Program) })
	}
	if m.Need != nil {
		w.signature(2, m.Need)
	}
}

func (m *TraceReply) decode(r *reader) {
	for r.next() {
		switch r.field {
		case 1:
			r.message(func(r *reader) { m.Program = r.program() })
		case 2:
			s := r.signature()
			m.Need = &s
		}
	}
}

func (m *CropRequest) encode(w *writer) {
	w.string(1, m.Plugin)
	w.params(2, m.Params)
	w.uint32s(3, m.Height)
	w.uint32s(4, m.Width)
	w.packed(5, len(m.Keys), func(i int) { w.fixed32(m.Keys[i]) })
	w.packed(6, len(m.Boxes), func(i int) { w.fixed64(math.Float64bits(m.Boxes[i])) })
	w.uint32s(7, m.Views)
}

func (m *CropRequest) decode(r *reader) {
	for r.next() {
		switch r.field {
		case 1:
			m.Plugin = r.string()
		case 2:
			m.Params = append(m.Params, r.param())
		case 3:
			m.Height = r.uint32s(m.Height)
		case 4:
			m.Width = r.uint32s(m.Width)
		case 5:
			m.Keys = r.words(m.Keys)
		case 6:
			m.Boxes = r.doubles(m.Boxes)
		case 7:
			m.Views = r.uint32s(m.Views)
		}
	}
}

func (m *CropReply) encode(w *writer) {
	w.uint32s(1, m.Rects)
	w.uint32s(2, m.FellBack)
}

func (m *CropReply) decode(r *reader) {
	for r.next() {
		switch r.field {
		case 1:
			m.Rects = r.uint32s(m.Rects)
		case 2:
			m.FellBack = r.uint32s(m.FellBack)
		}
	}
}

func (w *writer) tensor(field int, t *Tensor) {
	w.message(field, func(w *writer) {
		w.string(1, t.Name)
		w.shape(2, t.Shape)
		w.bytes(3, t.Data)
	})
}

func (r *reader) tensor() (t Tensor) {
	r.message(func(r *reader) {
		for r.next() {
			switch r.field {
			case 1:
				t.Name = r.string()
			case 2:
				t.Shape = r.shape()
			case 3:
				t.Data = r.bytes()
			}
		}
	})
	return t
}

func (m *EvalRequest) encode(w *writer) {
	w.string(1, m.Plugin)
	w.params(2, m.Params)
	for i := range m.Inputs {
		w.tensor(3, &m.Inputs[i])
	}
}

func (m *EvalRequest) decode(r *reader) {
	for r.next() {
		switch r.field {
		case 1:
			m.Plugin = r.string()
		case 2:
			m.Params = append(m.Params, r.param())
		case 3:
			m.Inputs = append(m.Inputs, r.tensor())
		}
	}
}

func (m *EvalReply) encode(w *writer) {
	w.double(1, m.Value)
	for i := range m.Grads {
		w.tensor(2, &m.Grads[i])
	}
	for i := range m.Outputs {
		w.tensor(3, &m.Outputs[i])
	}
}

func (m *EvalReply) decode(r *reader) {
	for r.next() {
		switch r.field {
		case 1:
			m.Value = r.double()
		case 2:
			m.Grads = append(m.Grads, r.tensor())
		case 3:
			m.Outputs = append(m.Outputs, r.tensor())
		}
	}
}
