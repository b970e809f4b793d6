package rng

import "math"

// Stream draws one value after another from a key. The zero position is the start;
// a copy continues independently from where it was copied.
type Stream struct {
	key  Key
	next uint64
	buf  [4]uint32
	// The last bounds of LogUniform, which are the same crop after crop, and log(hi/lo).
	lo, hi, span float64
}

// Stream starts drawing from k.
func (k Key) Stream() Stream { return Stream{key: k} }

// Restart begins anew with another key.
func (s *Stream) Restart(k Key) { s.key, s.next = k, 0 }

// Uint32 is the next random word.
func (s *Stream) Uint32() uint32 {
	if s.next%4 == 0 {
		s.buf = s.key.Block(s.next / 4)
	}
	w := s.buf[s.next%4]
	s.next++
	return w
}

// pair is the next two random words, by one call where both are of one block.
func (s *Stream) pair() (first, second uint32) {
	at := s.next % 4
	if at%2 != 0 {
		first = s.Uint32()
		return first, s.Uint32()
	}
	if at == 0 {
		s.buf = s.key.Block(s.next / 4)
	}
	s.next += 2
	return s.buf[at], s.buf[at+1]
}

// Float64 is uniform in [0,1) with 53 bits.
func (s *Stream) Float64() float64 {
	hi, lo := s.pair()
	return float64((uint64(hi)<<32|uint64(lo))>>11) * (1.0 / (1 << 53))
}

// Uniform is uniform in [lo,hi).
func (s *Stream) Uniform(lo, hi float64) float64 { return lo + float64((hi-lo)*s.Float64()) }

// LogUniform is in [lo,hi) with a uniform logarithm, for lo and hi above 0: as likely
// within [1/2,1) as within [1,2).
func (s *Stream) LogUniform(lo, hi float64) float64 {
	if lo != s.lo || hi != s.hi {
		s.lo, s.hi, s.span = lo, hi, log(hi/lo)
	}
	return lo * exp(s.Float64()*s.span)
}

// Intn is uniform in [0,n) without bias, for 0 < n < 2^32; it panics for other n.
func (s *Stream) Intn(n int) int {
	if n <= 0 || uint64(n) > 1<<32-1 {
		panic("rng: Intn needs 0 < n < 2^32")
	}
	m := uint64(n) // Lemire's method
	p := uint64(s.Uint32()) * m
	if l := uint32(p); uint64(l) < m {
		for t := uint32(-uint32(m)) % uint32(m); uint32(p) < t; {
			p = uint64(s.Uint32()) * m
		}
	}
	return int(p >> 32)
}

// Bool is true with probability p.
func (s *Stream) Bool(p float64) bool { return s.Float64() < p }

// Normal is a standard normal.
func (s *Stream) Normal() float64 {
	r, angle := polar(s.pair())
	return float64(float32(r * cosine(angle)))
}

// gamma draws from Gamma(a, 1): g times e to the power of boost, so that tiny shapes do
// not underflow (Marsaglia and Tsang 2000, with Stuart's boost for a < 1).
func (s *Stream) gamma(a float64) (g, boost float64) {
	if a < 1 {
		boost = log(1-s.Float64()) / a
		a++
	}
	d := a - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := s.Normal()
		v := 1 + float64(c*x)
		if v <= 0 {
			continue
		}
		v = v * v * v
		u, xx := 1-s.Float64(), float64(x*x)
		// What the first test accepts (their squeeze), the second accepts too.
		if u < 1-float64(0.0331*xx*xx) || log(u) < float64(0.5*xx)+d-float64(d*v)+float64(d*log(v)) {
			return d * v, boost
		}
	}
}

// Beta draws from Beta(a,b), a and b above 0: a ratio of powers, or of gammas where a
// shape is above 1.
func (s *Stream) Beta(a, b float64) float64 {
	if a <= 1 && b <= 1 {
		return s.powers(a, b)
	}
	x, boostX := s.gamma(a)
	y, boostY := s.gamma(b)
	return 1 / (1 + float64(y/x*exp(boostY-boostX)))
}

// powers draws from Beta(a,b), a and b at most 1: of powers x and y of two uniforms,
// whose sum is at most 1, x/(x+y) (Jöhnk 1964). It takes the logarithms of x and y, so
// that tiny shapes do not underflow.
func (s *Stream) powers(a, b float64) float64 {
	for {
		x := log(1-s.Float64()) / a
		y := log(1-s.Float64()) / b
		// Where both are below a half, their sum is below 1.
		if x < -math.Ln2 && y < -math.Ln2 || exp(x)+exp(y) <= 1 {
			return 1 / (1 + exp(y-x))
		}
	}
}

// Perm is a uniform permutation of 0..n-1 (Fisher-Yates).
func (s *Stream) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		j := s.Intn(i + 1)
		p[i] = p[j]
		p[j] = i
	}
	return p
}
