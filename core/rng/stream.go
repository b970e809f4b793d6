package rng

import "math"

// Stream draws one value after another from a key. The zero position is the start;
// a copy continues independently from where it was copied.
type Stream struct {
	key  Key
	next uint64
	buf  [4]uint32
}

// Stream starts drawing from k.
func (k Key) Stream() Stream { return Stream{key: k} }

// Uint32 is the next random word.
func (s *Stream) Uint32() uint32 {
	if s.next%4 == 0 {
		s.buf = s.key.Block(s.next / 4)
	}
	w := s.buf[s.next%4]
	s.next++
	return w
}

// Float64 is uniform in [0,1) with 53 bits.
func (s *Stream) Float64() float64 {
	hi, lo := uint64(s.Uint32()), uint64(s.Uint32())
	return float64((hi<<32|lo)>>11) * (1.0 / (1 << 53))
}

// Uniform is uniform in [lo,hi).
func (s *Stream) Uniform(lo, hi float64) float64 { return lo + float64((hi-lo)*s.Float64()) }

// LogUniform is in [lo,hi) with a uniform logarithm, for lo and hi above 0: as likely
// within [1/2,1) as within [1,2).
func (s *Stream) LogUniform(lo, hi float64) float64 { return exp(s.Uniform(log(lo), log(hi))) }

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
	x, _ := NormalPair(s.Uint32(), s.Uint32())
	return float64(x)
}

// logGamma draws from Gamma(a, 1) in the log domain, so that tiny shapes do not
// underflow (Marsaglia and Tsang 2000, with Stuart's boost for a < 1).
func (s *Stream) logGamma(a float64) float64 {
	boost := 0.0
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
		if u := 1 - s.Float64(); log(u) < float64(0.5*x*x)+d-float64(d*v)+float64(d*log(v)) {
			return log(d*v) + boost
		}
	}
}

// Beta draws from Beta(a,b), a and b above 0, as a ratio of gammas.
func (s *Stream) Beta(a, b float64) float64 {
	x, y := s.logGamma(a), s.logGamma(b)
	return 1 / (1 + exp(y-x))
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
