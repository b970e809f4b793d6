package winograd

import "unsafe"

func at(p *float32, bytes int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), bytes)) }

// pixel is channel ch of pixel (r, c) of tile i.
func (t *Tiles) pixel(i, r, c, ch int) float32 {
	if t.Exist>>(4*r+c)&1 == 0 {
		return *at(t.Zero, 4*ch)
	}
	return *at(t.Image, t.At+2*i*t.Col+r*t.Row+c*t.Col+4*ch)
}

// bt is B' x.
func bt(x [4]float32) [4]float32 {
	return [4]float32{x[0] - x[2], x[1] + x[2], x[2] - x[1], x[3] - x[1]}
}

func input(t *Tiles, from, to int) {
	for i := range t.N {
		for ch := from; ch < to; ch++ {
			var columns [4][4]float32
			for c := range 4 {
				columns[c] = bt([4]float32{t.pixel(i, 0, c, ch), t.pixel(i, 1, c, ch), t.pixel(i, 2, c, ch), t.pixel(i, 3, c, ch)})
			}
			for r := range 4 {
				for c, v := range bt([4]float32{columns[0][r], columns[1][r], columns[2][r], columns[3][r]}) {
					*at(t.Matrix, (4*r+c)*t.Xi+i*t.Tile+4*ch) = v
				}
			}
		}
	}
}

// a is A dy.
func a(x, y float32) [4]float32 { return [4]float32{x, x + y, x - y, y} }

func gradient(t *Tiles, from, to int) {
	for i := range t.N {
		for ch := from; ch < to; ch++ {
			left, right := a(t.pixel(i, 0, 0, ch), t.pixel(i, 1, 0, ch)), a(t.pixel(i, 0, 1, ch), t.pixel(i, 1, 1, ch))
			for r := range 4 {
				for c, v := range a(left[r], right[r]) {
					*at(t.Matrix, (4*r+c)*t.Xi+i*t.Tile+ch/Cols*t.Panel+4*(ch%Cols)) = v
				}
			}
		}
	}
}

// atm is A' m.
func atm(m [4]float32) (x, y float32) { return (m[1] + m[2]) + m[0], (m[1] - m[2]) + m[3] }

func output(t *Tiles, from, to int) {
	for i := range t.N {
		for ch := from; ch < to; ch++ {
			var rows [2][4]float32
			for c := range 4 {
				m := func(r int) float32 { return *at(t.Matrix, (4*r+c)*t.Xi+i*t.Tile+4*ch) }
				rows[0][c], rows[1][c] = atm([4]float32{m(0), m(1), m(2), m(3)})
			}
			for r, row := range rows {
				x, y := atm(row)
				*at(t.Image, t.At+2*i*t.Col+r*t.Row+4*ch) = x
				*at(t.Image, t.At+2*i*t.Col+r*t.Row+t.Col+4*ch) = y
			}
		}
	}
}

// g is G w.
func g(w [3]float32) [4]float32 {
	outer := w[0] + w[2]
	return [4]float32{w[0], (outer + w[1]) * 0.5, (outer - w[1]) * 0.5, w[2]}
}

func weights(matrix, taps *float32, xi, n int, rotated bool) {
	for i := range n * Cols {
		tap := func(r, c int) float32 {
			t := 3*r + c
			if rotated {
				t = 8 - t
			}
			return *at(taps, 4*((i/Cols*9+t)*Cols+i%Cols))
		}
		var columns [3][4]float32
		for c := range columns {
			columns[c] = g([3]float32{tap(0, c), tap(1, c), tap(2, c)})
		}
		for r := range 4 {
			for c, v := range g([3]float32{columns[0][r], columns[1][r], columns[2][r]}) {
				*at(matrix, (4*r+c)*xi+4*i) = v
			}
		}
	}
}

// gt is G' m.
func gt(m [4]float32) [3]float32 {
	middle := (m[1] + m[2]) * 0.5
	return [3]float32{middle + m[0], (m[1] - m[2]) * 0.5, middle + m[3]}
}

func weightGradient(taps, matrix *float32, xi, n int) {
	for i := range n * Cols {
		var columns [4][3]float32
		for c := range columns {
			m := func(r int) float32 { return *at(matrix, (4*r+c)*xi+4*i) }
			columns[c] = gt([4]float32{m(0), m(1), m(2), m(3)})
		}
		for r := range 3 {
			for c, v := range gt([4]float32{columns[0][r], columns[1][r], columns[2][r], columns[3][r]}) {
				*at(taps, 4*((i/Cols*9+3*r+c)*Cols+i%Cols)) = v
			}
		}
	}
}
