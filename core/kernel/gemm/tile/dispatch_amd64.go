//go:build !noasm

package tile

// Direct calls, rather than a table of functions, keep the arguments off the heap.

func avx2Mul(rows, cols int, args *byte) {
	if cols == Cols {
		switch rows {
		case 1:
			avx2Tile1x16(args)
		case 2:
			avx2Tile2x16(args)
		case 3:
			avx2Tile3x16(args)
		case 4:
			avx2Tile4x16(args)
		case 5:
			avx2Tile5x16(args)
		case 6:
			avx2Tile6x16(args)
		}
		return
	}
	switch rows {
	case 1:
		avx2Tile1x8(args)
	case 2:
		avx2Tile2x8(args)
	case 3:
		avx2Tile3x8(args)
	case 4:
		avx2Tile4x8(args)
	case 5:
		avx2Tile5x8(args)
	case 6:
		avx2Tile6x8(args)
	}
}

func avx2Gather(rows, cols int, args *byte) {
	if cols == Cols {
		switch rows {
		case 1:
			avx2Gather1x16(args)
		case 2:
			avx2Gather2x16(args)
		case 3:
			avx2Gather3x16(args)
		case 4:
			avx2Gather4x16(args)
		case 5:
			avx2Gather5x16(args)
		case 6:
			avx2Gather6x16(args)
		}
		return
	}
	switch rows {
	case 1:
		avx2Gather1x8(args)
	case 2:
		avx2Gather2x8(args)
	case 3:
		avx2Gather3x8(args)
	case 4:
		avx2Gather4x8(args)
	case 5:
		avx2Gather5x8(args)
	case 6:
		avx2Gather6x8(args)
	}
}

func avx2SpinRounds(n int) { avx2Spin(n) }
