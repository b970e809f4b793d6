package vec

// EQ: dst[i] = all ones where a[i] == b[i], else 0.
func EQ(dst []uint32, a, b []float32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxEQ(first(dst), &a[0], &b[0], i)
	}
	for ; i < n; i++ {
		dst[i] = mask(a[i] == b[i])
	}
}

// NE: dst[i] = all ones where a[i] != b[i], else 0.
func NE(dst []uint32, a, b []float32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxNE(first(dst), &a[0], &b[0], i)
	}
	for ; i < n; i++ {
		dst[i] = mask(a[i] != b[i])
	}
}

// LT: dst[i] = all ones where a[i] < b[i], else 0.
func LT(dst []uint32, a, b []float32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxLT(first(dst), &a[0], &b[0], i)
	}
	for ; i < n; i++ {
		dst[i] = mask(a[i] < b[i])
	}
}

// LE: dst[i] = all ones where a[i] <= b[i], else 0.
func LE(dst []uint32, a, b []float32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxLE(first(dst), &a[0], &b[0], i)
	}
	for ; i < n; i++ {
		dst[i] = mask(a[i] <= b[i])
	}
}

// And: dst[i] = a[i] & b[i].
func And(dst, a, b []uint32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxAnd(first(dst), first(a), first(b), i)
	}
	for ; i < n; i++ {
		dst[i] = a[i] & b[i]
	}
}

// Or: dst[i] = a[i] | b[i].
func Or(dst, a, b []uint32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxOr(first(dst), first(a), first(b), i)
	}
	for ; i < n; i++ {
		dst[i] = a[i] | b[i]
	}
}

// Xor: dst[i] = a[i] ^ b[i].
func Xor(dst, a, b []uint32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxXor(first(dst), first(a), first(b), i)
	}
	for ; i < n; i++ {
		dst[i] = a[i] ^ b[i]
	}
}

// Not: dst[i] = ^a[i].
func Not(dst, a []uint32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxNot(first(dst), first(a), i)
	}
	for ; i < n; i++ {
		dst[i] = ^a[i]
	}
}

// Select: dst[i] = a[i] where m[i] is all ones, b[i] where it is 0.
func Select(dst []float32, m []uint32, a, b []float32) {
	n := len(dst)
	m, a, b = m[:n], a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxSelect(&dst[0], first(m), &a[0], &b[0], i)
	}
	for ; i < n; i++ {
		if m[i] != 0 {
			dst[i] = a[i]
		} else {
			dst[i] = b[i]
		}
	}
}
