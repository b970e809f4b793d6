package pix

import "math"

// Filter is how a resize weighs source pixels.
type Filter int

const (
	Bilinear Filter = iota
	Bicubic
	Lanczos
	Nearest
)

// precision of PIL's 8-bit resampling: weights are integers of this many bits.
const precision = 32 - 8 - 2

type tableKey struct {
	in, out int
	f       Filter
}

// table is, for each output position, the first source position and its weights.
type table struct {
	first   []int
	start   []int32 // of each position's weights, and where the last end
	weights []int32
}

func (t *table) of(i int) []int32 { return t.weights[t.start[i]:t.start[i+1]] }

// within is for how many positions, of three channels, a byte behind each pixel
// that they read of in bytes and write of out bytes is one of these bytes.
func (t *table) within(in, out int) int {
	n := min(len(t.first), (out-1)/3)
	for n > 0 && 3*(t.first[n-1]+len(t.of(n-1)))+1 > in {
		n--
	}
	return n
}

// maxTables bounds what one worker keeps.
const maxTables = 512

func (s *Scratch) table(in, out int, f Filter) *table {
	k := tableKey{in, out, f}
	if t := s.tables[k]; t != nil {
		return t
	}
	if s.tables == nil || len(s.tables) >= maxTables {
		s.tables = map[tableKey]*table{}
	}
	t := weigh(in, out, f)
	s.tables[k] = t
	return t
}

// weigh is PIL's precompute_coeffs and normalize_coeffs_8bpc.
func weigh(in, out int, f Filter) *table {
	scale := float64(in) / float64(out)
	filterScale := math.Max(scale, 1)
	support, kernel := 1.0, triangle
	switch f {
	case Bicubic:
		support, kernel = 2, cubic
	case Lanczos:
		support, kernel = 3, lanczos
	}
	support *= filterScale
	inverse := 1 / filterScale
	t := &table{first: make([]int, out), start: make([]int32, 1, out+1), weights: make([]int32, 0, out*min(in, int(2*support)+2))}
	var w []float64
	for i := range out {
		center := float64((float64(i) + 0.5) * scale)
		lo := max(0, int(center-support+0.5))
		hi := min(in, int(center+support+0.5))
		w = w[:0]
		sum := 0.0
		for k := lo; k < hi; k++ {
			v := kernel((float64(k) - center + 0.5) * inverse)
			w = append(w, v)
			sum += v
		}
		for _, v := range w {
			v = float64(v / sum * (1 << precision))
			t.weights = append(t.weights, int32(v+math.Copysign(0.5, v)))
		}
		t.first[i], t.start = lo, append(t.start, int32(len(t.weights)))
	}
	return t
}

func triangle(x float64) float64 { return math.Max(0, 1-math.Abs(x)) }

// cubic is Keys's convolution kernel with a = -1/2.
func cubic(x float64) float64 {
	const a = -0.5
	switch x = math.Abs(x); {
	case x < 1:
		return float64(float64(float64((a+2)*x)-(a+3))*x*x) + 1
	case x < 2:
		return (float64(float64(float64((x-5)*x)+8)*x) - 4) * a
	}
	return 0
}

// lanczos is the sinc windowed by a sinc three times as wide.
func lanczos(x float64) float64 {
	if x < -3 || x >= 3 {
		return 0
	}
	return float64(sinc(x) * sinc(x/3))
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}
