package winograd

// bt6 is B' x.
func bt6(x [6]float32) [6]float32 {
	even, odd := x[4]-x[2]*4, x[3]-x[1]*4
	even2, odd2 := x[4]-x[2], (x[3]-x[1])*2
	return [6]float32{(x[0]*4 + x[4]) - x[2]*5, even + odd, even - odd, even2 + odd2, even2 - odd2, (x[1]*4 + x[5]) - x[3]*5}
}

// atm6 is A' m.
func atm6(m [6]float32) [4]float32 {
	sum, difference, sum2, difference2 := m[1]+m[2], m[1]-m[2], m[3]+m[4], m[3]-m[4]
	return [4]float32{(m[0] + sum) + sum2, difference + difference2*2, sum + sum2*4, (difference + difference2*8) + m[5]}
}

// a6 is A dy.
func a6(y [4]float32) [6]float32 {
	even, odd := y[0]+y[2], y[1]+y[3]
	even2, odd2 := y[0]+y[2]*4, y[1]*2+y[3]*8
	return [6]float32{y[0], even + odd, even - odd, even2 + odd2, even2 - odd2, y[3]}
}

// g6 is G w.
func g6(w [3]float32) [6]float32 {
	outer, even, odd := w[0]+w[2], w[0]*(1./24)+w[2]*(1./6), w[1]*(1./12)
	return [6]float32{w[0] * (1. / 4), (outer + w[1]) * (-1. / 6), (outer - w[1]) * (-1. / 6), even + odd, even - odd, w[2]}
}

// gt6 is G' m.
func gt6(m [6]float32) [3]float32 {
	sum, difference, sum2, difference2 := (m[1]+m[2])*(-1./6), (m[1]-m[2])*(-1./6), m[3]+m[4], m[3]-m[4]
	return [3]float32{(m[0]*(1./4) + sum) + sum2*(1./24), difference + difference2*(1./12), (sum + sum2*(1./6)) + m[5]}
}

// pixel4 is channel ch of pixel (r, c) of tile i.
func (t *Tiles) pixel4(i, r, c, ch int) float32 {
	if t.Exist>>(6*r+c)&1 == 0 {
		return *at(t.Zero, 4*ch)
	}
	return *at(t.Image, t.At+4*i*t.Col+r*t.Row+c*t.Col+4*ch)
}

func input4(t *Tiles, from, to int) {
	for i := range t.N {
		for ch := from; ch < to; ch++ {
			var rows [6][6]float32
			for r := range rows {
				var x [6]float32
				for c := range x {
					x[c] = t.pixel4(i, r, c, ch)
				}
				rows[r] = bt6(x)
			}
			for c := range 6 {
				for r, v := range bt6([6]float32{rows[0][c], rows[1][c], rows[2][c], rows[3][c], rows[4][c], rows[5][c]}) {
					*at(t.Matrix, (6*r+c)*t.Xi+i*t.Tile+4*ch) = v
				}
			}
		}
	}
}

func gradient4(t *Tiles, from, to int) {
	for i := range t.N {
		for ch := from; ch < to; ch++ {
			var rows [4][6]float32
			for r := range rows {
				rows[r] = a6([4]float32{t.pixel4(i, r, 0, ch), t.pixel4(i, r, 1, ch), t.pixel4(i, r, 2, ch), t.pixel4(i, r, 3, ch)})
			}
			for c := range 6 {
				for r, v := range a6([4]float32{rows[0][c], rows[1][c], rows[2][c], rows[3][c]}) {
					*at(t.Matrix, (6*r+c)*t.Xi+i*t.Tile+ch/Cols*t.Panel+4*(ch%Cols)) = v
				}
			}
		}
	}
}

func output4(t *Tiles, from, to int) {
	for i := range t.N {
		for ch := from; ch < to; ch++ {
			var columns [6][4]float32
			for c := range columns {
				var m [6]float32
				for r := range m {
					m[r] = *at(t.Matrix, (6*r+c)*t.Xi+i*t.Tile+4*ch)
				}
				columns[c] = atm6(m)
			}
			for r := range 4 {
				for c, v := range atm6([6]float32{columns[0][r], columns[1][r], columns[2][r], columns[3][r], columns[4][r], columns[5][r]}) {
					*at(t.Image, t.At+(4*i+c)*t.Col+r*t.Row+4*ch) = v
				}
			}
		}
	}
}

func weights4(matrix, taps *float32, xi, n int, rotated bool) {
	for i := range n * Cols {
		tap := func(r, c int) float32 {
			t := 3*r + c
			if rotated {
				t = 8 - t
			}
			return *at(taps, 4*((i/Cols*9+t)*Cols+i%Cols))
		}
		var rows [3][6]float32
		for r := range rows {
			rows[r] = g6([3]float32{tap(r, 0), tap(r, 1), tap(r, 2)})
		}
		for c := range 6 {
			for r, v := range g6([3]float32{rows[0][c], rows[1][c], rows[2][c]}) {
				*at(matrix, (6*r+c)*xi+4*i) = v
			}
		}
	}
}

func weightGradient4(taps, matrix *float32, xi, n int) {
	for i := range n * Cols {
		var columns [6][3]float32
		for c := range columns {
			var m [6]float32
			for r := range m {
				m[r] = *at(matrix, (6*r+c)*xi+4*i)
			}
			columns[c] = gt6(m)
		}
		for r := range 3 {
			for c, v := range gt6([6]float32{columns[0][r], columns[1][r], columns[2][r], columns[3][r], columns[4][r], columns[5][r]}) {
				*at(taps, 4*((i/Cols*9+3*r+c)*Cols+i%Cols)) = v
			}
		}
	}
}
