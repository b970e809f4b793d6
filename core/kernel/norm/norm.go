// Package norm owns the kernels of batch normalisation, layer normalisation and
// softmax, forward and backward, in float32. Statistics are taken in chunks
// of rows that stay in the cache and joined in a fixed order, so that each
// kernel reads its input from memory twice at most. Start from [NewBatchNorm],
// [NewLayerNorm] and [NewSoftmax].
package norm

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/shape"
)

// grid cuts rows of c columns into chunks. Groups are equal shares of the rows
// with chunks of their own.
type grid struct {
	rows, c   int // of one group
	groups    int
	chunkRows int
	chunks    int // of one group
}

func newGrid(dims []int, groups, chunkRows int) (grid, error) {
	s := shape.F32(dims...)
	if err := s.Check(); err != nil {
		return grid{}, err
	}
	if len(dims) == 0 {
		return grid{}, fmt.Errorf("expected f32[...,C], found %v", s)
	}
	c := dims[len(dims)-1]
	rows := s.Size() / c
	if groups < 1 || groups > 1 && (len(dims) < 2 || dims[0]%groups != 0) {
		return grid{}, fmt.Errorf("%v does not split into %d groups", s, groups)
	}
	g := grid{rows: rows / groups, c: c, groups: groups}
	g.chunkRows = min(g.rows, chunkRows)
	g.chunks = ceil(g.rows, g.chunkRows)
	return g, nil
}

func ceil(a, b int) int { return (a + b - 1) / b }

// total is the number of chunks of all groups.
func (g *grid) total() int { return g.groups * g.chunks }

// at is the group of chunk i, and its rows within all groups.
func (g *grid) at(i int) (group, row, n int) {
	group = i / g.chunks
	in := i % g.chunks * g.chunkRows
	return group, group*g.rows + in, min(g.chunkRows, g.rows-in)
}

// statRows is the height of a chunk for column statistics over c columns: low
// enough to keep the running sums exact, high enough that the chunks' own sums
// are little beside the data.
func statRows(c int) int { return max(64, min(512, 8192/c)) }

// passRows is the height of a chunk for work on rows one by one.
func passRows(c int) int { return max(1, (16<<10)/c) }

// columns is a grid for work column by column. Several neighbouring rows of few
// channels stand side by side as one row of the grid: column j is channel
// j % channels, and what is found for the columns of a channel is joined.
type columns struct {
	grid
	channels, fold int // c = channels*fold
}

// wideRow is how many columns rows of few channels are folded to: what the
// vectors of column functions go over without starting again.
const wideRow = 64

func newColumns(dims []int, groups int) (columns, error) {
	if len(dims) == 0 {
		return columns{}, fmt.Errorf("expected f32[...,C], found a scalar")
	}
	g, err := newGrid(dims, groups, 1)
	if err != nil {
		return columns{}, err
	}
	k := columns{g, g.c, 1}
	for k.rows%2 == 0 && 2*k.c <= wideRow {
		k.rows, k.c, k.fold = k.rows/2, 2*k.c, 2*k.fold
	}
	k.chunkRows = min(k.rows, statRows(k.c))
	k.chunks = ceil(k.rows, k.chunkRows)
	return k, nil
}

// spread sets every column of wide to its channel's value.
func (k *columns) spread(wide, channels []float32) {
	for f := range k.fold {
		copy(wide[f*k.channels:(f+1)*k.channels], channels)
	}
}

// joined sets the first columns of wide to the sums of the channels.
func (k *columns) joined(wide []float32) []float32 {
	sum := wide[:k.channels]
	for f := 1; f < k.fold; f++ {
		vec.Add(sum, sum, wide[f*k.channels:(f+1)*k.channels])
	}
	return sum
}

// sumRows sets acc to the column sums of rows rows of x, 32 at a time by way of
// tmp, so that no running sum gets long.
func sumRows(acc, tmp, x []float32, rows int) {
	c := len(acc)
	clear(acc)
	for r := 0; r < rows; r += 32 {
		n := min(32, rows-r)
		clear(tmp[:c])
		vec.ColSum(tmp[:c], x[r*c:(r+n)*c], n)
		vec.Add(acc, acc, tmp[:c])
	}
}

// squareRows sets acc to the column sums of (x - mean)^2, as sumRows does.
func squareRows(acc, tmp, x, mean []float32, rows int) {
	c := len(acc)
	clear(acc)
	for r := 0; r < rows; r += 32 {
		n := min(32, rows-r)
		clear(tmp[:c])
		vec.ColSumSquares(tmp[:c], x[r*c:(r+n)*c], mean, n)
		vec.Add(acc, acc, tmp[:c])
	}
}

// part is a slice that wants n floats of scratch memory.
type part struct {
	dst *[]float32
	n   int
}

// cut gives each part its memory.
func cut(scratch []float32, parts ...part) {
	for _, p := range parts {
		*p.dst, scratch = scratch[:p.n:p.n], scratch[p.n:]
	}
}

// pastBytes is the size from which an output goes past the cache: half of what
// would keep it and the input it is made from there until they are read again.
const pastBytes = 16 << 20

// pastCache is whether an output should go past the cache: where it is large, and
// in none of the inputs' places, a line of it would be read only to be overwritten.
func pastCache(out buf.Buf, in ...buf.Buf) bool {
	for _, b := range in {
		if buf.Overlap(out, b) {
			return false
		}
	}
	return len(out.U8) >= pastBytes
}

func rsqrt(x float32) float32 { return 1 / float32(math.Sqrt(float64(x))) }

func checkBind(name string, h Halves, scratch []float32, need int, out, in []buf.Buf, outSizes, inSizes []int) {
	if len(scratch) < need || len(out) != len(outSizes) || len(in) != len(inSizes) {
		panic(fmt.Sprintf("norm: %s: Bind: expected %d floats of scratch, %d outputs and %d inputs, found %d, %d and %d",
			name, need, len(outSizes), len(inSizes), len(scratch), len(out), len(in)))
	}
	check := func(what string, list []buf.Buf, sizes []int, halves uint8) {
		for i, n := range sizes {
			got := len(list[i].F32)
			if halves>>i&1 != 0 {
				got = len(list[i].BF16)
			}
			if got < n {
				panic(fmt.Sprintf("norm: %s: Bind: %s %d has %d elements, expected %d", name, what, i, got, n))
			}
		}
	}
	check("output", out, outSizes, h.Out)
	check("input", in, inSizes, h.In)
}
