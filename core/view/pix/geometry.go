package pix

// FlipHorizontal mirrors src into dst left to right.
func FlipHorizontal(dst, src []uint8, h, w, c int) {
	for y := range h {
		to, from := dst[y*w*c:][:w*c], src[y*w*c:][:w*c]
		if c == 3 {
			n := whole(w, octet)
			if n > 0 { // the first n pixels of from are the last of to
				avx2Mirror(&to[3*(w-n)], &from[0], n)
			}
			for i, j := 0, len(from)-3; j >= 3*n; i, j = i+3, j-3 {
				to[i], to[i+1], to[i+2] = from[j], from[j+1], from[j+2]
			}
			continue
		}
		for x, v := range from {
			to[w-1-x] = v
		}
	}
}

// FlipVertical mirrors src into dst top to bottom.
func FlipVertical(dst, src []uint8, h, w, c int) {
	for y := range h {
		copy(dst[y*w*c:(y+1)*w*c], src[(h-1-y)*w*c:])
	}
}

// Rotate90 turns a square picture of side n by k quarter turns counter-clockwise (numpy.rot90).
func Rotate90(dst, src []uint8, n, c, k int) {
	for y := range n {
		for x := range n {
			sy, sx := y, x
			switch k & 3 {
			case 1:
				sy, sx = x, n-1-y
			case 2:
				sy, sx = n-1-y, n-1-x
			case 3:
				sy, sx = n-1-x, y
			}
			copy(dst[(y*n+x)*c:][:c], src[(sy*n+sx)*c:][:c])
		}
	}
}

// Window copies dh x dw pixels of src (h x w) from (y, x) on; outside of it is fill.
func Window(dst []uint8, dh, dw int, src []uint8, h, w, c, y, x int, fill uint8) {
	first, last := max(0, min(dw, -x)), max(0, min(dw, w-x)) // columns of dst that src has
	for i := range dh {
		out := dst[i*dw*c:][:dw*c]
		if y+i < 0 || y+i >= h || first >= last {
			paint(out, fill)
			continue
		}
		paint(out[:first*c], fill)
		copy(out[first*c:last*c], src[((y+i)*w+x+first)*c:])
		paint(out[last*c:], fill)
	}
}
