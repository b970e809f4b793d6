// Package mask owns masks that are drawn in a loop, so that they are no
// composition of other ops. A mask is one byte a cell, row by row: 1 where it
// hides, else 0. Start from [Blocks].
package mask

import (
	"math"

	"github.com/fwlab/fw/core/rng"
)

// Limits of a block.
type Limits struct {
	Min, Max int     // cells; Max 0: no limit
	MinRatio float64 // of height over width, and its inverse
}

const (
	blockTries = 10  // for the size and place of a block
	maxBlocks  = 256 // more than fit with any limits that make sense
)

// Blocks masks exactly count cells of h x w. As in BEiT's code (Bao et al. 2021,
// algorithm 1) blocks of random area, aspect and place are added while they
// mask something new and no more than is left; where ten tries find none, which
// the authors leave at fewer cells, single cells fill the rest.
func Blocks(m []uint8, h, w, count int, l Limits, k *rng.Stream) {
	clear(m)
	left := count
	for range maxBlocks {
		if left == 0 {
			return
		}
		most := left
		if l.Max > 0 {
			most = min(most, l.Max)
		}
		n := block(m, h, w, most, l, k)
		if n == 0 {
			break
		}
		left -= n
	}
	for ; left > 0; left-- {
		nth := k.Intn(h*w - count + left) // of the cells that are free
		for i, x := range m {
			if x == 0 {
				if nth == 0 {
					m[i] = 1
					break
				}
				nth--
			}
		}
	}
}

// block masks one more block, and returns how many cells are new.
func block(m []uint8, h, w, most int, l Limits, k *rng.Stream) int {
	for range blockTries {
		area := k.Uniform(float64(l.Min), float64(most))
		ratio := math.Exp(k.Uniform(math.Log(l.MinRatio), -math.Log(l.MinRatio)))
		bh, bw := int(math.RoundToEven(math.Sqrt(area*ratio))), int(math.RoundToEven(math.Sqrt(area/ratio)))
		if bh < 1 || bw < 1 || bh >= h || bw >= w {
			continue
		}
		top, left := k.Intn(h-bh+1), k.Intn(w-bw+1)
		fresh := 0
		for y := range bh {
			for _, x := range m[(top+y)*w+left:][:bw] {
				fresh += 1 - int(x)
			}
		}
		if fresh == 0 || fresh > most {
			continue
		}
		for y := range bh {
			row := m[(top+y)*w+left:][:bw]
			for x := range row {
				row[x] = 1
			}
		}
		return fresh
	}
	return 0
}
