package sdk

import "strconv"

// Mask is which tokens of each sample are hidden, drawn anew in every step.
type Mask struct {
	Keep    Value // i32[B,K]: the tokens that are seen, in the order drawn
	Hidden  Value // f32[B,N]: 1 where a token is hidden, 0 where it is seen
	Restore Value // i32[B,N]: the place of each token in the order drawn; the first K are seen
}

// masking keeps the keys of masks apart from those that tasks ask for by number.
const masking = 1 << 24

// RandomMask hides a share of each sample's n tokens: of uniform noise, the
// int(n*(1-ratio)) tokens with the least are seen (He et al. 2022, section 3).
// It fails where none would be seen, or none hidden; a task that has the ratio as a
// parameter refuses it before by [Seen].
func (s *Step) RandomMask(n int, ratio float64) Mask {
	seen := Seen(n, ratio)
	if seen < 1 || seen >= n {
		s.Fail("a mask over " + strconv.Itoa(n) + " tokens shows " + strconv.Itoa(seen) + " of them: expected some and not all")
	}
	order := s.Key(masking+s.masks).Uniform(0, 1, s.Batch(), n).ArgSort(1)
	s.masks++
	restore := order.ArgSort(1)
	hidden := restore.GreaterEq(s.Fill(restore.Shape(), float64(seen))).Float()
	return Mask{Keep: order.Slice(1, 0, seen), Hidden: hidden, Restore: restore}
}

// Seen is how many of n tokens a random mask of that ratio leaves.
func Seen(n int, ratio float64) int { return int(float64(n) * (1 - ratio)) }

// Take is the tokens that are seen, f32[B,L+N,D] to f32[B,L+K,D]. L leading tokens,
// such as a class token, stay where they are.
func (m Mask) Take(tokens Value) Value {
	return tokens.TakeBatched(1, 1, m.leading(tokens.Dim(1)-m.Hidden.Dim(1), m.Keep))
}

// FillAround puts the tokens seen, f32[B,L+K,D], back where they came from, and the
// token fill f32[D] where one is hidden: f32[B,L+N,D].
func (m Mask) FillAround(seen, fill Value) Value {
	b, d, k := seen.Dim(0), seen.Dim(2), m.Keep.Dim(1)
	l := seen.Dim(1) - k
	rows := seen.Builder().Concat(1, seen, fill.Reshape(1, 1, d).BroadcastTo(b, 1, d))
	return rows.TakeBatched(1, 1, m.leading(l, m.Restore.MinConst(float64(k))))
}

// leading is indices i32[B,n] of tokens behind l others, with those before them.
func (m Mask) leading(l int, indices Value) Value {
	if l == 0 {
		return indices
	}
	b := indices.Builder()
	return b.Concat(1, b.Iota(l).BroadcastTo(indices.Dim(0), l), indices.AddConst(float64(l)))
}
