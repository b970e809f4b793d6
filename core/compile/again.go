package compile

import (
	"slices"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// maxAgain bounds the instructions of a fusion with those that it repeats, and
// maxReaders how many fusions repeat the same.
const maxAgain, maxReaders = 40, 2

// computeAgain lets a fusion work out anew what another one would have to store for
// it: a derivative then reads what went into the activation, rather than every step
// of its formula. It is done where fewer bytes are alive between the two fusions.
func computeAgain(f *ir.Func) error {
	for i := range f.Instrs {
		if f.Instrs[i].Body == nil {
			continue
		}
		l := livesOf(f)
		if c := l.best(i); c != nil {
			c.apply(f)
		}
	}
	return removeDead(f)
}

// lives is who reads what.
type lives struct {
	f     *ir.Func
	uses  [][]int // by value: instructions; those beyond the last for outputs
	last  []int   // by value: its last use, through reshapes too
	input []bool
}

func livesOf(f *ir.Func) *lives {
	l := &lives{f: f, uses: users(f), last: make([]int, len(f.Shapes)), input: make([]bool, len(f.Shapes))}
	for _, p := range f.Inputs {
		l.input[p.Value] = true
	}
	for _, p := range f.Outputs {
		l.uses[p.Value] = append(l.uses[p.Value], len(f.Instrs))
	}
	for i := len(f.Instrs) - 1; i >= 0; i-- {
		in := &f.Instrs[i]
		for _, v := range in.Out {
			if u := l.uses[v]; len(u) > 0 {
				l.last[v] = max(l.last[v], slices.Max(u))
			}
		}
		if in.Op == "reshape" {
			l.last[in.In[0]] = max(l.last[in.In[0]], l.last[in.Out[0]])
		}
	}
	for _, p := range f.Inputs {
		l.last[p.Value] = len(f.Instrs)
	}
	return l
}

// repetition is part of a fusion that its readers repeat.
type repetition struct {
	maker   int
	dropped []int // results that the maker need not store any more
	readers []int
	instrs  []int // of the maker's body
	bytes   int   // alive because of it
}

// best finds the repetition of fusion i with the fewest bytes alive; nil if none
// is better than storing all results.
func (l *lives) best(i int) *repetition {
	in := &l.f.Instrs[i]
	dims := in.Body.Shape(in.Body.Outputs[0].Value).Dims
	var results, readers []int
	stored := 0
	for o, v := range in.Out {
		u := l.uses[v]
		if len(u) == 0 || slices.ContainsFunc(u, func(j int) bool {
			return j >= len(l.f.Instrs) || l.f.Instrs[j].Body == nil || !shape.SameDims(l.f.Instrs[j].Body.Shape(l.f.Instrs[j].Body.Outputs[0].Value).Dims, dims)
		}) {
			continue
		}
		results = append(results, o)
		stored += l.f.Shape(v).Bytes()
		for _, j := range u {
			if !slices.Contains(readers, j) {
				readers = append(readers, j)
			}
		}
	}
	if len(results) == 0 || len(readers) > maxReaders {
		return nil
	}
	var best *repetition
	for keep := -1; keep < len(results); keep++ {
		dropped := slices.Clone(results)
		bytes := 0
		if keep >= 0 {
			dropped = slices.Delete(dropped, keep, keep+1)
			bytes = l.f.Shape(in.Out[results[keep]]).Bytes()
		}
		if len(dropped) == 0 {
			continue
		}
		r := &repetition{maker: i, dropped: dropped, readers: readers}
		r.bytes = bytes + l.slice(r)
		if r.bytes < stored && (best == nil || r.bytes < best.bytes) && l.fits(r) {
			best = r
		}
	}
	return best
}

func (l *lives) fits(r *repetition) bool {
	return !slices.ContainsFunc(r.readers, func(j int) bool {
		return len(l.f.Instrs[j].Body.Instrs)+len(r.instrs) > maxAgain
	})
}

// slice finds the instructions that make what r drops, from the maker's operands
// and those of its results that are there anyway. It returns the bytes of operands
// that are kept for it.
func (l *lives) slice(r *repetition) (bytes int) {
	in := &l.f.Instrs[r.maker]
	body, end := in.Body, slices.Max(r.readers)
	needed := make([]bool, len(body.Shapes))
	for _, o := range r.dropped {
		needed[body.Outputs[o].Value] = true
	}
	for i := len(body.Instrs) - 1; i >= 0; i-- {
		v := body.Instrs[i].Out[0]
		if !needed[v] || l.kept(r, v, end) >= 0 {
			continue
		}
		r.instrs = append(r.instrs, i)
		for _, w := range body.Instrs[i].In {
			needed[w] = true
		}
	}
	slices.Reverse(r.instrs)
	for i, p := range body.Inputs {
		if v := in.In[i]; needed[p.Value] && !l.input[v] && l.last[v] < end {
			bytes += l.f.Shape(v).Bytes()
		}
	}
	return bytes
}

// kept is the result of the maker that value v of its body is and remains, if it is
// alive until end; -1 otherwise.
func (l *lives) kept(r *repetition, v ir.ID, end int) int {
	in := &l.f.Instrs[r.maker]
	for o, p := range in.Body.Outputs {
		if p.Value == v && !slices.Contains(r.dropped, o) && l.last[in.Out[o]] >= end {
			return o
		}
	}
	return -1
}

// apply rewrites the readers, then takes the dropped results from the maker.
func (r *repetition) apply(f *ir.Func) {
	maker := &f.Instrs[r.maker]
	for _, j := range r.readers {
		r.extend(maker, &f.Instrs[j], f)
	}
	body := &ir.Func{Name: maker.Body.Name, Inputs: maker.Body.Inputs, Instrs: maker.Body.Instrs, Shapes: maker.Body.Shapes}
	var out []ir.ID
	for o, p := range maker.Body.Outputs {
		if !slices.Contains(r.dropped, o) {
			body.Outputs, out = append(body.Outputs, p), append(out, maker.Out[o])
		}
	}
	maker.Body, maker.Out = body, out
}

// extend gives a reader a body that makes what it read of the dropped results.
func (r *repetition) extend(maker, reader *ir.Instr, f *ir.Func) {
	body := &ir.Func{Name: reader.Body.Name}
	var operands []ir.ID
	operand := func(v ir.ID) ir.ID {
		if at := slices.Index(operands, v); at >= 0 {
			return body.Inputs[at].Value
		}
		operands = append(operands, v)
		return body.AddInput("", f.Shape(v))
	}
	theirs, ours := map[ir.ID]ir.ID{}, map[ir.ID]ir.ID{} // values of the maker's and the reader's body here
	made := map[ir.ID]bool{}
	for _, i := range r.instrs {
		made[maker.Body.Instrs[i].Out[0]] = true
	}
	for _, i := range r.instrs { // inputs come first
		for _, w := range maker.Body.Instrs[i].In {
			if _, ok := theirs[w]; ok || made[w] {
				continue
			}
			for k, p := range maker.Body.Inputs {
				if p.Value == w {
					theirs[w] = operand(maker.In[k])
				}
			}
			for k, p := range maker.Body.Outputs {
				if _, ok := theirs[w]; !ok && p.Value == w {
					theirs[w] = operand(maker.Out[k])
				}
			}
		}
	}
	gone := func(v ir.ID) int {
		o := slices.Index(maker.Out, v)
		if o >= 0 && slices.Contains(r.dropped, o) {
			return o
		}
		return -1
	}
	for k, p := range reader.Body.Inputs {
		if gone(reader.In[k]) < 0 {
			ours[p.Value] = operand(reader.In[k])
		}
	}
	emit := func(src *ir.Instr, from *ir.Func, env map[ir.ID]ir.ID) {
		ids := make([]ir.ID, len(src.In))
		for k, v := range src.In {
			ids[k] = env[v]
		}
		env[src.Out[0]] = body.Emit(src.Op, ids, src.Attrs, src.Loc, from.Shape(src.Out[0]))[0]
	}
	for _, i := range r.instrs {
		emit(&maker.Body.Instrs[i], maker.Body, theirs)
	}
	for k, p := range reader.Body.Inputs {
		if o := gone(reader.In[k]); o >= 0 {
			ours[p.Value] = theirs[maker.Body.Outputs[o].Value]
		}
	}
	for i := range reader.Body.Instrs {
		emit(&reader.Body.Instrs[i], reader.Body, ours)
	}
	for _, p := range reader.Body.Outputs {
		body.Outputs = append(body.Outputs, ir.Port{Name: p.Name, Value: ours[p.Value]})
	}
	reader.Body, reader.In = body, operands
}
