package tile

import "unsafe"

func at(p *float32, bytes int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), bytes)) }

func row(p *float32, bytes, cols int) []float32 { return unsafe.Slice(at(p, bytes), cols) }

func mul(rows, cols int, t *Args) {
	var sum [Rows][Cols]float32
	for _, seg := range unsafe.Slice(t.Segs, t.Count) {
		for k := range t.Depth {
			b := row(t.B, int(seg.B)+k*t.BS, cols)
			for i := range rows {
				if seg.Row[i] < 0 {
					continue
				}
				x := *at(t.A, int(seg.Row[i])+k*t.KS)
				for j, y := range b {
					sum[i][j] += x * y
				}
			}
		}
	}
	for i := range rows {
		if t.Add != nil {
			for j, y := range row(t.Add, int(t.AddOff[i]), cols) {
				sum[i][j] += y
			}
		}
		copy(row(t.C, int(t.COff[i]), cols), sum[i][:])
	}
}

func gather(rows, cols int, t *GatherArgs) {
	var sum [Rows][Cols]float32
	for _, p := range unsafe.Slice(t.Pairs, t.N) {
		b := row(t.B, int(p.B), cols)
		for i, x := range row(t.A, int(p.A), rows) {
			for j, y := range b {
				sum[i][j] += x * y
			}
		}
	}
	for i := range rows {
		if t.Add != nil {
			for j, y := range row(t.Add, i*Cols*4, cols) {
				sum[i][j] += y
			}
		}
		copy(row(t.C, i*Cols*4, cols), sum[i][:])
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
