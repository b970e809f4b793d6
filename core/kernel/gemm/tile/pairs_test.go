package tile

import (
	"fmt"
	"math"
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/isa"
)

// words are n pairs of normal bfloat16s.
func words(key, n int) []float32 {
	v, out := normal(key, 2*n), make([]float32, n)
	half := func(x float32) uint32 { return uint32(dtype.BF16FromF32(math.Float32bits(x))) }
	for i := range out {
		out[i] = math.Float32frombits(half(v[2*i]) | half(v[2*i+1])<<16)
	}
	return out
}

func skipWithoutBF16(t *testing.T) {
	if !isa.BF16() {
		t.Skip("this processor or build has no products of bfloat16 (avx512bf16)")
	}
}

func TestMulPairsEqualsItsTwin(t *testing.T) {
	skipWithoutBF16(t)
	const place, panel = 96, 400
	a, b, add, zero := words(1, 4096), words(2, 8192), normal(3, 1024), make([]float32, 512)
	sizes(func(rows, cols, k int) {
		for mode := range 8 {
			segs := []Seg{
				{Row: [MaxRows]int32{0, 400, 80, -1, 1000, 44, 88, 96, -1, 52, 4, -1}},
				{Row: [MaxRows]int32{-1, 4, 160, 8, 12, 4, -1, 800, 0, -1, 16, 400}, B: int32(64 * k)},
			}[:mode%2+1]
			off, addOff := Evenly(place), Evenly(4*place)
			args := Args{Segs: &segs[0], Count: len(segs), Depth: k, A: &a[0], KS: 4 + 8*(mode&2), Zero: &zero[0], B: &b[0], BS: 64, Panel: 64 * 130,
				COff: &off, CPanel: 4 * panel, AddOff: &addOff, Half: mode & 1}
			if mode&4 != 0 {
				args.Add = &add[0]
				args.CPanel = 64
			}
			got, want := normal(4, 2*panel), normal(4, 2*panel)
			args.C = &got[0]
			MulPairs(rows, cols, &args)
			args.C = &want[0]
			mulPairs(rows, cols, &args)
			same(t, fmt.Sprintf("%dx%d, k %d, mode %d", rows, cols, k, mode), got, want)
		}
	})
}

func TestGatherPairsEqualsItsTwin(t *testing.T) {
	skipWithoutBF16(t)
	const panel = 300
	a, b, add := words(1, 4096), words(2, 4096), normal(3, 2*panel)
	sizes(func(rows, cols, k int) {
		for _, p := range []*float32{nil, &add[0]} {
			list := make([]Pair, k)
			for i := range list {
				list[i] = Pair{uint32(i * 52 % 4000), uint32(64 * (k - 1 - i))}
			}
			args := GatherArgs{Pairs: &list[0], N: k, A: &a[0], B: &b[0], Panel: 64 * 70, CPanel: 4 * panel, Add: p}
			got, want := normal(4, 2*panel), normal(4, 2*panel)
			args.C = &got[0]
			GatherPairs(rows, cols, &args)
			args.C = &want[0]
			gatherPairs(rows, cols, &args)
			same(t, fmt.Sprintf("%dx%d, %d pairs", rows, cols, k), got, want)
		}
	})
}

func TestResidentPairsEqualsMulPairs(t *testing.T) {
	skipWithoutBF16(t)
	a, b := words(1, 40*8), words(2, 8*Cols)
	for rows := range 40 {
		got, want := make([]float32, 41*Cols), make([]float32, 41*Cols)
		ResidentPairs(rows, &a[0], &b[0], &got[0])
		from, to := Evenly(4*8), Evenly(4*Cols)
		for i := range rows {
			mulPairs(1, Cols, &Args{Segs: &Seg{Row: from}, Count: 1, Depth: 8, A: &a[8*i], KS: 4, B: &b[0], BS: 4 * Cols, C: &want[Cols*i], COff: &to})
		}
		same(t, fmt.Sprintf("%d rows", rows), got, want)
	}
}

// same is equality to the bit: the order of the sum is part of the twin.
func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: word %d is %08x, the twin says %08x", what, i, math.Float32bits(got[i]), math.Float32bits(want[i]))
		}
	}
}

func BenchmarkMulPairs(b *testing.B) { benchmarkMul(b, MulPairs, SpinPairs, 4) }
