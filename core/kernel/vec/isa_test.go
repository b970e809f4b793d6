package vec

import (
	"math"
	"slices"
	"testing"
	"unsafe"

	"github.com/fwlab/fw/core/kernel/isa"
)

// operands is memory for a function of n elements, or of rows rows of n columns:
// slices with elements behind their ends that nobody may touch.
type operands struct {
	n, rows int
	f       [8][]float32 // n elements, or rows*n
	c       [8][]float32 // n elements
	m       [2][]uint32
	b       []uint8
	i       []int32
}

const guard = 21

func newOperands(n, rows int) *operands {
	o := &operands{n: n, rows: rows}
	for k := range o.f {
		o.f[k] = values(uint64(k), n*rows+guard)[:n*rows]
		o.c[k] = normals(uint64(20+k), n+guard)[:n]
	}
	for k := range o.m {
		o.m[k] = words(values(uint64(40+k), n+guard))[:n]
	}
	o.b, o.i = make([]uint8, n+guard)[:n], make([]int32, n+guard)[:n]
	for j := range o.b[:n+guard] {
		o.b[:n+guard][j] = uint8(j % 3 * j)
	}
	return o
}

// clone copies x and what is behind it to an address that is no multiple of a vector's size.
func clone[T any](x []T) []T {
	return append(make([]T, 3, 3+len(x)+guard), x[:len(x)+guard]...)[3 : 3+len(x)]
}

func (o *operands) clone() *operands {
	p := &operands{n: o.n, rows: o.rows, b: clone(o.b), i: clone(o.i)}
	for k := range o.f {
		p.f[k], p.c[k] = clone(o.f[k]), clone(o.c[k])
	}
	for k := range o.m {
		p.m[k] = clone(o.m[k])
	}
	return p
}

func words(x []float32) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

// bits is everything that a function may have changed, guards included, with
// every NaN the same.
func (o *operands) bits() []uint32 {
	var all []uint32
	for _, list := range [][8][]float32{o.f, o.c} {
		for _, x := range list {
			for _, w := range words(x[:len(x)+guard]) {
				if w&0x7fffffff > 0x7f800000 {
					w = 0x7fc00000
				}
				all = append(all, w)
			}
		}
	}
	for _, x := range o.m {
		all = append(all, x[:len(x)+guard]...)
	}
	for j := range o.n + guard {
		all = append(all, uint32(o.b[:o.n+guard][j]), uint32(o.i[:o.n+guard][j]))
	}
	return all
}

func (o *operands) result(x ...float32) { copy(o.c[7], x) }

// every is each function that has assembly, as a use of operands.
var every = []struct {
	name string
	run  func(o *operands)
}{
	{"Add", func(o *operands) { Add(o.f[0], o.f[1], o.f[2]) }},
	{"Sub", func(o *operands) { Sub(o.f[0], o.f[1], o.f[2]) }},
	{"Mul", func(o *operands) { Mul(o.f[0], o.f[1], o.f[2]) }},
	{"Div", func(o *operands) { Div(o.f[0], o.f[1], o.f[2]) }},
	{"Max", func(o *operands) { Max(o.f[0], o.f[1], o.f[2]) }},
	{"Min", func(o *operands) { Min(o.f[0], o.f[1], o.f[2]) }},
	{"AddScalar", func(o *operands) { AddScalar(o.f[0], o.f[1], 1.5) }},
	{"MulScalar", func(o *operands) { MulScalar(o.f[0], o.f[1], 1.3) }},
	{"DivScalar", func(o *operands) { DivScalar(o.f[0], o.f[1], 1.3) }},
	{"MaxScalar", func(o *operands) { MaxScalar(o.f[0], o.f[1], 0.1) }},
	{"MinScalar", func(o *operands) { MinScalar(o.f[0], o.f[1], 0.1) }},
	{"Abs", func(o *operands) { Abs(o.f[0], o.f[1]) }},
	{"Neg", func(o *operands) { Neg(o.f[0], o.f[1]) }},
	{"Sqrt", func(o *operands) { Sqrt(o.f[0], o.f[1]) }},
	{"Rsqrt", func(o *operands) { Rsqrt(o.f[0], o.f[1]) }},
	{"Floor", func(o *operands) { Floor(o.f[0], o.f[1]) }},
	{"Ceil", func(o *operands) { Ceil(o.f[0], o.f[1]) }},
	{"RoundEven", func(o *operands) { RoundEven(o.f[0], o.f[1]) }},
	{"FMA", func(o *operands) { FMA(o.f[0], o.f[1], o.f[2], o.f[3]) }},
	{"Axpy", func(o *operands) { Axpy(o.f[0], 1.7, o.f[1]) }},
	{"Exp", func(o *operands) { Exp(o.f[0], o.f[1]) }},
	{"Log", func(o *operands) { Log(o.f[0], o.f[1]) }},
	{"Tanh", func(o *operands) { Tanh(o.f[0], o.f[1]) }},
	{"Logistic", func(o *operands) { Logistic(o.f[0], o.f[1]) }},
	{"Erf", func(o *operands) { Erf(o.f[0], o.f[1]) }},
	{"Gelu", func(o *operands) { Gelu(o.f[0], o.f[1]) }},
	{"GeluGrad", func(o *operands) { GeluGrad(o.f[0], o.f[1], o.f[2]) }},

	{"EQ", func(o *operands) { EQ(o.m[0], o.f[1][:o.n], o.f[2]) }},
	{"NE", func(o *operands) { NE(o.m[0], o.f[1][:o.n], o.f[2]) }},
	{"LT", func(o *operands) { LT(o.m[0], o.f[1][:o.n], o.f[2]) }},
	{"LE", func(o *operands) { LE(o.m[0], o.f[1][:o.n], o.f[2]) }},
	{"Select", func(o *operands) { LT(o.m[0], o.f[1][:o.n], o.f[2]); Select(o.c[0], o.m[0], o.f[3], o.f[4]) }},
	{"And", func(o *operands) { And(o.m[0], o.m[0], o.m[1]) }},
	{"Or", func(o *operands) { Or(o.m[0], o.m[0], o.m[1]) }},
	{"Xor", func(o *operands) { Xor(o.m[0], o.m[0], o.m[1]) }},
	{"Not", func(o *operands) { Not(o.m[0], o.m[1]) }},
	{"F32FromI32", func(o *operands) { I32FromF32(o.i, o.f[1][:o.n]); F32FromI32(o.f[0][:o.n], o.i) }},
	{"I32FromF32", func(o *operands) { I32FromF32(o.i, o.f[1][:o.n]) }},
	{"MaskFromBool", func(o *operands) { MaskFromBool(o.m[0], o.b) }},
	{"BoolFromMask", func(o *operands) { LT(o.m[0], o.f[1][:o.n], o.f[2]); BoolFromMask(o.b, o.m[0]) }},
	{"U32FromU8", func(o *operands) { U32FromU8(o.m[0], o.b) }},
	{"U8FromU32", func(o *operands) { U8FromU32(o.b, o.m[0]) }},
	{"Philox", func(o *operands) { Philox(o.m[0][:o.n&^3], [2]uint32{3, 4}, 5) }},

	{"Sum", func(o *operands) { o.result(Sum(o.c[1])) }},
	{"Dot", func(o *operands) { o.result(Dot(o.c[1], o.c[2])) }},
	{"SumSquares", func(o *operands) { o.result(SumSquares(o.c[1], 0.3)) }},
	{"MaxOf", func(o *operands) { o.result(MaxOf(o.f[1]), MaxOf(o.c[1])) }},
	{"MinOf", func(o *operands) { o.result(MinOf(o.f[1]), MinOf(o.c[1])) }},
	{"ExpSum", func(o *operands) { o.result(ExpSum(o.c[0], o.c[1], 1)) }},
	{"SumExp", func(o *operands) { o.result(SumExp(o.c[1], 1)) }},
	{"SubMul", func(o *operands) { SubMul(o.f[0], o.f[1], 0.3, o.f[2]) }},
	{"SubExpMul", func(o *operands) { SubExpMul(o.f[0], o.f[1], 0.3, o.f[2]) }},
	{"RowAffine", func(o *operands) { RowAffine(o.c[0], o.c[1], o.c[2], o.c[3], 0.3, 1.7) }},
	{"RowDots", func(o *operands) {
		g, h := RowDots(o.c[0], o.c[1], o.c[2], o.c[3], o.c[4], 0.3, 1.7)
		o.result(g, h)
	}},
	{"RowGrad", func(o *operands) { RowGrad(o.c[0], o.c[1], o.c[2], o.c[3], 0.3, 1.7, 0.2, 0.1) }},
	{"LayerNorm", func(o *operands) { LayerNorm(o.f[0], o.f[1], o.c[0], o.c[1], o.c[2][:min(o.n, o.rows)], o.c[3], 1e-5) }},
	{"LayerNormGrad", func(o *operands) {
		LayerNormGrad(o.f[0], o.c[0], o.c[1], o.f[1], o.f[2], o.c[2], o.c[3][:min(o.n, o.rows)], o.c[4])
	}},
	{"Route", func(o *operands) {
		LT(o.m[0], o.f[1][:o.n], o.f[2])
		copy(o.c[3], o.c[2][:o.n/2])
		Route(o.c[0], o.c[1], o.c[2], o.c[3], o.m[0])
	}},

	{"ColSum", func(o *operands) { ColSum(o.c[0], o.f[1], o.rows) }},
	{"ColSumSquares", func(o *operands) { ColSumSquares(o.c[0], o.f[1], o.c[1], o.rows) }},
	{"ColMoments", func(o *operands) { ColMoments(o.c[0], o.c[1], o.f[1], o.c[2], o.rows) }},
	{"ColAffine", func(o *operands) { ColAffine(o.f[0], o.f[1], nil, o.c[1], o.c[2], o.c[3], o.rows, false, false) }},
	{"ColAffine relu", func(o *operands) { ColAffine(o.f[0], o.f[1], nil, o.c[1], o.c[2], o.c[3], o.rows, true, false) }},
	{"ColAffine add", func(o *operands) { ColAffine(o.f[0], o.f[1], o.f[2], o.c[1], o.c[2], o.c[3], o.rows, false, false) }},
	{"ColAffine add relu", func(o *operands) { ColAffine(o.f[0], o.f[1], o.f[2], o.c[1], o.c[2], o.c[3], o.rows, true, false) }},
	{"ColDots", func(o *operands) { ColDots(o.c[0], o.c[1], o.f[1], o.f[2], Gate{}, nil, o.c[2], o.rows) }},
	{"ColDots out", func(o *operands) { ColDots(o.c[0], o.c[1], o.f[1], o.f[2], Gate{Out: o.f[3]}, nil, o.c[2], o.rows) }},
	{"ColDots masked", func(o *operands) {
		ColDots(o.c[0], o.c[1], o.f[1], o.f[2], Gate{Out: o.f[3]}, o.f[4], o.c[2], o.rows)
	}},
	{"ColDots again", func(o *operands) {
		ColDots(o.c[0], o.c[1], o.f[1], o.f[2], Gate{A: o.c[3], Offset: o.c[4]}, nil, o.c[2], o.rows)
	}},
	{"ColGrad", func(o *operands) { ColGrad(o.f[0], o.f[1], o.f[2], Gate{}, o.c[1], o.c[2], o.c[3], o.c[4], o.rows) }},
	{"ColGrad out", func(o *operands) {
		ColGrad(o.f[0], o.f[1], o.f[2], Gate{Out: o.f[3]}, o.c[1], o.c[2], o.c[3], o.c[4], o.rows)
	}},
	{"ColGrad again", func(o *operands) {
		ColGrad(o.f[0], o.f[1], o.f[2], Gate{A: o.c[2], Offset: o.c[5]}, o.c[1], o.c[2], o.c[3], o.c[4], o.rows)
	}},
	{"Transpose", func(o *operands) { Transpose(words(o.f[0]), o.n, words(o.f[1]), o.rows, o.rows, o.n) }},
}

// All functions, sums included, give the same bits with AVX-512 as with AVX2,
// and touch nothing behind the ends of their operands.
func TestInstructionSetsGiveTheSameBits(t *testing.T) {
	if !isa.AVX512() {
		t.Skip("skipped: this processor, build or FW_ISA has no AVX-512")
	}
	defer func() { useAVX512 = true }()
	for n := range 200 {
		for _, rows := range []int{1, 3} {
			before := newOperands(n, rows)
			was := before.bits()
			for _, f := range every {
				o, p := before.clone(), before.clone()
				useAVX512 = true
				f.run(o)
				useAVX512 = false
				f.run(p)
				wide, narrow := o.bits(), p.bits()
				for i := range wide {
					if wide[i] != narrow[i] {
						t.Fatalf("%s of %dx%d: word %d of the operands is %08x (%v) with AVX-512, %08x (%v) with AVX2", f.name, rows, n, i,
							wide[i], math.Float32frombits(wide[i]), narrow[i], math.Float32frombits(narrow[i]))
					}
				}
				if n > 8 && slices.Equal(wide, was) {
					t.Fatalf("%s of %dx%d changed nothing", f.name, rows, n)
				}
				for k, x := range o.f {
					if !slices.Equal(words(x[len(x):len(x)+guard]), words(before.f[k][len(x):len(x)+guard])) {
						t.Fatalf("%s of %dx%d wrote behind operand %d", f.name, rows, n, k)
					}
				}
			}
		}
	}
}
