package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// fuseBlock elements at a time go through all of a fusion's instructions, so
// that intermediate values stay in the L1 cache.
const fuseBlock = 512

// Fusion runs a function of elementwise ops over one set of dimensions.
// Besides those ops its body may hold broadcast_in_dim of an input, iota, and
// constants of one element. Values are lanes of 32 bits; predicates are masks.
type Fusion struct {
	n       int
	loads   []load
	code    []fuseInstr
	stores  []store
	regs    int
	in, out []Buffer
	scratch []float32
}

type load struct {
	reg, input int
	dt         dtype.DType
	kind       loadKind
	dims       []int // of the result, for kind strided
	strides    []int
	period     int // inner: elements before the input repeats; outer: elements that share one
	value      float32
}

type loadKind uint8

const (
	loadFull loadKind = iota
	loadConstant
	loadScalar
	loadInner
	loadOuter
	loadStrided
	loadIota
)

type store struct {
	reg, output int
	dt          dtype.DType
}

type fuseInstr struct {
	fn           laneFunc
	dst, a, b, c int
}

// laneFunc computes dst from up to three operands of equal length.
type laneFunc func(dst, a, b, c []float32)

// NewFusion plans the function body.
func NewFusion(body *ir.Func) (*Fusion, error) {
	f := &Fusion{n: body.Shape(body.Outputs[0].Value).Size()}
	reg := map[ir.ID]int{}
	input := map[ir.ID]int{}
	newReg := func(v ir.ID) int { reg[v] = f.regs; f.regs++; return reg[v] }
	for i, p := range body.Inputs {
		input[p.Value] = i
	}
	dims := body.Shape(body.Outputs[0].Value).Dims
	use := func(v ir.ID) int {
		if r, ok := reg[v]; ok {
			return r
		}
		s := body.Shape(v)
		l := load{reg: newReg(v), input: input[v], dt: s.DType}
		if s.Size() == 1 && f.n != 1 {
			l.kind = loadScalar
		}
		f.loads = append(f.loads, l)
		return l.reg
	}
	for i := range body.Instrs {
		in := &body.Instrs[i]
		s := body.Shape(in.Out[0])
		switch in.Op {
		case "constant":
			l := load{reg: newReg(in.Out[0]), kind: loadConstant, value: lane(s.DType, in.Attrs.Data("value"))}
			f.loads = append(f.loads, l)
		case "iota":
			d := in.Attrs.Int("dim", 0)
			l := load{reg: newReg(in.Out[0]), kind: loadIota, dt: s.DType, period: shape.Strides(s.Dims)[d], dims: []int{s.Dims[d]}}
			f.loads = append(f.loads, l)
		case "broadcast_in_dim":
			l := broadcastLoad(body.Shape(in.In[0]), dims, in.Attrs.Ints("dims"))
			l.reg, l.input = newReg(in.Out[0]), input[in.In[0]]
			f.loads = append(f.loads, l)
		default:
			fi := fuseInstr{}
			operands := []*int{&fi.a, &fi.b, &fi.c}
			for j, v := range in.In {
				*operands[j] = use(v)
			}
			var err error
			if fi.fn, err = lanes(in, body.Shape(in.In[len(in.In)-1]).DType, s.DType); err != nil {
				return nil, err
			}
			fi.dst = newReg(in.Out[0])
			f.code = append(f.code, fi)
		}
	}
	for i, p := range body.Outputs {
		f.stores = append(f.stores, store{use(p.Value), i, body.Shape(p.Value).DType})
	}
	return f, nil
}

// lane is the bits of one element as a register holds it.
func lane(d dtype.DType, b []byte) float32 {
	switch {
	case d == dtype.Bool:
		return mask(b[0] != 0)
	case d.Size() == 4:
		return math.Float32frombits(binary.LittleEndian.Uint32(b))
	default:
		return math.Float32frombits(uint32(b[0]))
	}
}

// broadcastLoad finds the cheapest way to read s stretched over dims.
func broadcastLoad(s shape.Shape, dims, at []int) load {
	l := load{dt: s.DType, dims: dims, strides: make([]int, len(dims))}
	own := shape.Strides(s.Dims)
	for i, d := range at {
		if s.Dims[i] != 1 {
			l.strides[d] = own[i]
		}
	}
	full := shape.Strides(dims)
	first, last := len(dims), -1 // dimensions that move
	for d, st := range l.strides {
		if st != 0 {
			first, last = min(first, d), max(last, d)
		}
	}
	if last < 0 {
		l.kind = loadScalar
		return l
	}
	dense, n := true, 1
	for d := last; d >= first; d-- {
		dense = dense && (l.strides[d] == n || dims[d] == 1)
		n *= dims[d]
	}
	trailing := full[last]
	switch {
	case dense && trailing == 1 && n == full[0]*dims[0]:
		l.kind = loadFull
	case dense && trailing == 1:
		l.kind, l.period = loadInner, n
	case dense && n*trailing == full[0]*dims[0]:
		l.kind, l.period = loadOuter, trailing
	default:
		l.kind = loadStrided
	}
	return l
}

// Scratch is the float32s of scratch memory Run needs.
func (f *Fusion) Scratch(workers int) int { return workers * f.regs * fuseBlock }

// Bind sets the buffers.
func (f *Fusion) Bind(scratch []float32, out, in []Buffer) { f.scratch, f.out, f.in = scratch, out, in }

// A chunk of work is fuseSpan blocks.
const fuseSpan = 16

func (f *Fusion) Run(p *pool.Pool) { p.Run(ceilDiv(f.n, fuseBlock*fuseSpan), f) }

// Chunk computes some of the elements.
func (f *Fusion) Chunk(i, worker int) {
	regs := f.scratch[worker*f.regs*fuseBlock : (worker+1)*f.regs*fuseBlock]
	lo, hi := span(i, fuseBlock*fuseSpan, f.n)
	for j := range f.loads {
		if l := &f.loads[j]; l.kind == loadConstant || l.kind == loadScalar {
			f.fill(l, regs[l.reg*fuseBlock:][:min(fuseBlock, hi-lo)])
		}
	}
	for at := lo; at < hi; at += fuseBlock {
		n := min(fuseBlock, hi-at)
		for j := range f.loads {
			f.loads[j].read(f.in, regs[f.loads[j].reg*fuseBlock:][:n], at)
		}
		for j := range f.code {
			c := &f.code[j]
			c.fn(regs[c.dst*fuseBlock:][:n], regs[c.a*fuseBlock:][:n], regs[c.b*fuseBlock:][:n], regs[c.c*fuseBlock:][:n])
		}
		for j := range f.stores {
			s := &f.stores[j]
			from := regs[s.reg*fuseBlock:][:n]
			if s.dt.Size() == 4 {
				copy(f.out[s.output].F32()[at:], from)
				continue
			}
			to := f.out[s.output].U8()[at : at+n]
			for x, v := range from {
				to[x] = uint8(math.Float32bits(v))
				if s.dt == dtype.Bool {
					to[x] &= 1
				}
			}
		}
	}
}

func (f *Fusion) fill(l *load, dst []float32) {
	v := l.value
	if l.kind == loadScalar {
		v = l.element(f.in[l.input], 0)
	}
	for i := range dst {
		dst[i] = v
	}
}

func (l *load) element(b Buffer, i int) float32 {
	switch {
	case l.dt == dtype.Bool:
		return mask(b.U8()[i] != 0)
	case l.dt.Size() == 4:
		return b.F32()[i]
	default:
		return math.Float32frombits(uint32(b.U8()[i]))
	}
}

// read fills dst with the elements from at on.
func (l *load) read(in []Buffer, dst []float32, at int) {
	switch l.kind {
	case loadFull:
		if l.dt.Size() == 4 {
			copy(dst, in[l.input].F32()[at:])
			return
		}
		for i := range dst {
			dst[i] = l.element(in[l.input], at+i)
		}
	case loadInner:
		if l.dt.Size() == 4 {
			src := in[l.input].F32()[:l.period]
			for i := 0; i < len(dst); {
				i += copy(dst[i:], src[(at+i)%l.period:])
			}
			return
		}
		for i := range dst {
			dst[i] = l.element(in[l.input], (at+i)%l.period)
		}
	case loadOuter:
		for i := 0; i < len(dst); {
			row := (at + i) / l.period
			v := l.element(in[l.input], row)
			for end := min(len(dst), (row+1)*l.period-at); i < end; i++ {
				dst[i] = v
			}
		}
	case loadIota:
		for i := range dst {
			dst[i] = iotaLane(l.dt, (at+i)/l.period%l.dims[0])
		}
	case loadStrided:
		for i := range dst {
			rest, from := at+i, 0
			for d := len(l.dims) - 1; d >= 0; d-- {
				from += rest % l.dims[d] * l.strides[d]
				rest /= l.dims[d]
			}
			dst[i] = l.element(in[l.input], from)
		}
	}
}

func iotaLane(d dtype.DType, i int) float32 {
	if d == dtype.F32 {
		return float32(i)
	}
	return math.Float32frombits(uint32(i))
}

func asI32(x []float32) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

func asU32(x []float32) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

// lanes finds the function of an elementwise op for its operand and result types.
func lanes(in *ir.Instr, from, to dtype.DType) (laneFunc, error) {
	name := in.Op
	switch name {
	case "compare":
		name = in.Attrs.Str("direction")
	case "convert":
		return convertLanes(from, to)
	}
	var f laneFunc
	switch from {
	case dtype.F32:
		f = floatLanes[name]
	case dtype.I32:
		f = intLanes[name]
	case dtype.U32:
		f = uintLanes[name]
	case dtype.Bool:
		f = boolLanes[name]
	}
	if name == "select" {
		f = func(dst, a, b, c []float32) { vSelect(dst, a, b, c) }
	}
	if f == nil {
		return nil, fmt.Errorf("kernel: no elementwise kernel for %s of %s", in.Op, from)
	}
	return f, nil
}
