package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fwlab/fw/core/ir"
)

// TooSmall says that no choice of values to make again was found that fits.
type TooSmall struct{ Least, Budget int }

// Error implements error.
func (e *TooSmall) Error() string {
	return fmt.Sprintf("plan: values take at least %d bytes, the budget is %d", e.Least, e.Budget)
}

// Fitted is a Func that fits a budget.
type Fitted struct {
	Func  *ir.Func
	Arena int
	Again int     // instructions that are run a second time
	Share float64 // about how much time they add, as a share of the whole
}

// Fit drops values between the forward and the backward pass, to be made again from
// what is left, until f's arena takes at most budget bytes: those first that save
// the most for the time that they cost. Results keep their bits. The error is a
// *TooSmall.
func Fit(f *ir.Func, aliases map[string]string, budget int) (*Fitted, error) {
	s := &search{recomputer: newRecomputer(f), aliases: aliases}
	if best, err := s.run(budget); err != nil || best.Arena <= budget {
		return best, err
	}
	// As small as it gets, by a way that does not depend on the budget: every plan on
	// the way to nothing, then always a byte less than the least so far. So what the
	// error calls the least does, and a byte less does not.
	var least *Fitted
	s = &search{recomputer: newRecomputer(f), aliases: aliases}
	s.each = func(x *Fitted) bool {
		if least == nil || x.Arena < least.Arena {
			least = x
		}
		return x.Arena <= budget
	}
	if _, err := s.run(0); err != nil {
		return nil, err
	}
	for least.Arena > budget {
		s = &search{recomputer: newRecomputer(f), aliases: aliases}
		x, err := s.run(least.Arena - 1)
		if err != nil {
			return nil, err
		}
		if x.Arena >= least.Arena {
			return nil, &TooSmall{least.Arena, budget}
		}
		least = x
	}
	return least, nil
}

type search struct {
	*recomputer
	aliases map[string]string
	each    func(*Fitted) bool // is shown every plan on the way; true ends the search
}

// run drops values until the arena fits, or nothing helps any more.
func (s *search) run(budget int) (*Fitted, error) {
	candidates := s.candidates()
	goal := budget // of bytes alive; lower than the budget where placing leaves holes
	for {
		live, p, err := s.measure()
		if err != nil {
			return nil, err
		}
		peak := slices.Max(append(live, 0))
		if s.each != nil || peak <= goal {
			p.place()
			x := s.fitted(p)
			switch {
			case s.each != nil && s.each(x), s.each == nil && x.Arena <= budget:
				return x, nil
			case s.each == nil:
				goal -= x.Arena - budget
			}
		}
		aim := goal
		if s.each != nil {
			aim = peak - peak/64
		}
		at := slices.Index(live, peak)
		if !s.drop(candidates, live, s.origin[at], aim) {
			p.place()
			return s.fitted(p), nil
		}
	}
}

func (s *search) fitted(p *Plan) *Fitted {
	whole := seconds(0)
	for i := range s.f.Instrs {
		whole.add(s.f, &s.f.Instrs[i])
	}
	return &Fitted{Func: p.Func, Arena: p.Arena, Again: len(s.out.Instrs) - len(s.f.Instrs), Share: float64(s.seconds / max(whole, 1e-12))}
}

// measure rewrites, and plans as far as the bytes that are alive.
func (s *search) measure() ([]int, *Plan, error) {
	p, err := lives(s.rewrite(), s.aliases)
	if err != nil {
		return nil, nil, err
	}
	return p.Live(), p, nil
}

// candidate is a value that may be dropped.
type candidate struct {
	v ir.ID
	gap
	worth float64 // bytes for a second of work
}

// candidates lists what may be dropped, the best bargains first.
func (s *search) candidates() (list []candidate) {
	for v := range s.f.Shapes {
		id := ir.ID(v)
		if s.root[v] != id || !s.can(id) {
			continue
		}
		g := s.widest(id)
		if g.to-g.from < 2 {
			continue
		}
		in := s.f.Instrs[s.def[v]]
		list = append(list, candidate{id, g, float64(s.f.Shape(id).Bytes()) / float64(estimate(s.f, &in))})
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.worth, a.worth), cmp.Compare(b.to-b.from, a.to-a.from))
	})
	return list
}

// tries is how many candidates that help are compared before the best is taken.
const tries = 8

// drop chooses one more value that is alive across instruction at: the one that
// takes most off what exceeds the aim, for the time that it costs. It is false if
// none helps.
func (s *search) drop(candidates []candidate, live []int, at, aim int) bool {
	before, cost := excess(live, aim), s.seconds
	best, most, tried := candidate{v: -1}, 0.0, 0
	for _, c := range candidates {
		if _, done := s.dropped[c.v]; done || at <= c.from || at >= c.to {
			continue
		}
		s.dropped[c.v] = c.gap
		now, _, err := s.measure()
		delete(s.dropped, c.v)
		if err != nil {
			continue
		}
		gain := (before - excess(now, aim)) / float64(max(s.seconds-cost, 1e-9))
		if gain <= 0 {
			continue
		}
		if gain > most {
			best, most = c, gain
		}
		if tried++; tried == tries {
			break
		}
	}
	if best.v < 0 {
		return false
	}
	s.dropped[best.v] = best.gap
	return true
}

// excess is by how much what is alive exceeds the aim, summed over instructions.
func excess(live []int, aim int) (sum float64) {
	for _, n := range live {
		sum += float64(max(0, n-aim))
	}
	return sum
}
