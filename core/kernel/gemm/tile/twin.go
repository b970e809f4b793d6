package tile

import (
	"math"
	"unsafe"

	"github.com/fwlab/fw/core/dtype"
)

func at(p *float32, bytes int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), bytes)) }

func row(p *float32, bytes, cols int) []float32 { return unsafe.Slice(at(p, bytes), cols) }

// column is element j of a row of panels that lie so many bytes apart.
func column(p *float32, bytes, panel, j int) *float32 { return at(p, bytes+j/Cols*panel+4*(j%Cols)) }

func mul(rows, cols int, t *Args) {
	var sum [MaxRows][MaxWidth]float32
	for _, seg := range unsafe.Slice(t.Segs, t.Count) {
		for k := range t.Depth {
			for i := range rows {
				if seg.Row[i] < 0 {
					continue
				}
				x := *at(t.A, int(seg.Row[i])+k*t.KS)
				for j := range cols {
					sum[i][j] += x * *column(t.B, int(seg.B)+k*t.BS, t.Panel, j)
				}
			}
		}
	}
	for i := range rows {
		if t.Add != nil {
			for j := range cols {
				sum[i][j] += *column(t.Add, int(t.AddOff[i]), t.CPanel, j)
			}
		}
		for j := range cols {
			*column(t.C, int(t.COff[i]), t.CPanel, j) = sum[i][j]
		}
	}
}

// dot is the sum of two words' products and sum, upper halves first.
func dot(sum, a, b float32) float32 {
	x, y := math.Float32bits(a), math.Float32bits(b)
	const upper = 0xffff << 16
	sum += math.Float32frombits(x&upper) * math.Float32frombits(y&upper)
	return sum + math.Float32frombits(x<<16)*math.Float32frombits(y<<16)
}

func mulPairs(rows, cols int, t *Args) {
	var sum [MaxRows][MaxWidth]float32
	for _, seg := range unsafe.Slice(t.Segs, t.Count) {
		for k := range t.Depth {
			for i := range rows {
				if seg.Row[i] < 0 {
					continue
				}
				x := *at(t.A, int(seg.Row[i])+k*t.KS)
				for j := range cols {
					sum[i][j] = dot(sum[i][j], x, *column(t.B, int(seg.B)+k*t.BS, t.Panel, j))
				}
			}
		}
	}
	for i := range rows {
		for j := range cols {
			if t.Add != nil {
				sum[i][j] += *column(t.Add, int(t.AddOff[i]), t.CPanel<<t.Half, j)
			}
			if t.Half == 0 {
				*column(t.C, int(t.COff[i]), t.CPanel, j) = sum[i][j]
				continue
			}
			c := (*uint16)(unsafe.Pointer(at(t.C, int(t.COff[i])+j/Cols*t.CPanel+2*(j%Cols))))
			*c = dtype.BF16FromF32(math.Float32bits(sum[i][j]))
		}
	}
}

func gatherPairs(rows, cols int, t *GatherArgs) {
	var sum [MaxRows][MaxWidth]float32
	for _, p := range unsafe.Slice(t.Pairs, t.N) {
		for i, x := range row(t.A, int(p.A), rows) {
			for j := range cols {
				sum[i][j] = dot(sum[i][j], x, *column(t.B, int(p.B), t.Panel, j))
			}
		}
	}
	for i := range rows {
		for j := range cols {
			if t.Add != nil {
				sum[i][j] += *column(t.Add, 4*Cols*i, t.CPanel, j)
			}
			*column(t.C, 4*Cols*i, t.CPanel, j) = sum[i][j]
		}
	}
}

func gather(rows, cols int, t *GatherArgs) {
	var sum [MaxRows][MaxWidth]float32
	for _, p := range unsafe.Slice(t.Pairs, t.N) {
		for i, x := range row(t.A, int(p.A), rows) {
			for j := range cols {
				sum[i][j] += x * *column(t.B, int(p.B), t.Panel, j)
			}
		}
	}
	for i := range rows {
		for j := range cols {
			if t.Add != nil {
				sum[i][j] += *column(t.Add, 4*Cols*i, t.CPanel, j)
			}
			*column(t.C, 4*Cols*i, t.CPanel, j) = sum[i][j]
		}
	}
}

// pairs computes channels from..n.
func pairs(from, n int, t *GatherArgs) {
	for j := from; j < n; j++ {
		var sum float32
		for _, p := range unsafe.Slice(t.Pairs, t.N) {
			sum += *at(t.A, int(p.A)+4*j) * *at(t.B, int(p.B)+4*j)
		}
		if t.Add != nil {
			sum += *at(t.Add, 4*j)
		}
		*at(t.C, 4*j) = sum
	}
}
