package plan

import (
	"slices"

	"github.com/fwlab/fw/core/ir"
)

// small is the size in bytes of results that are made as soon as they can be:
// scalars and statistics, on which an update may wait.
const small = 4096

// Schedule is f in an order that needs less memory: an instruction runs as soon as
// it can if it frees at least as much as it needs, so that a parameter is updated
// where its gradient was just made and the gradient dies there; and as late as it
// can if what it reads stays alive anyway. aliases are those of [New]: an update
// stays behind what reads the old value.
func Schedule(f *ir.Func, aliases map[string]string) *ir.Func {
	f = f.Clone()
	reorder(f, newScheduler(f, aliases).early())
	reorder(f, late(f, aliases))
	return f
}

func reorder(f *ir.Func, order []int) {
	list := make([]ir.Instr, len(order))
	for to, from := range order {
		list[to] = f.Instrs[from]
	}
	f.Instrs = list
}

// scheduler is a list scheduler: of what is ready, what frees memory goes first,
// then what came first.
type scheduler struct {
	f       *ir.Func
	root    []ir.ID // by value: what a chain of reshapes began with
	free    []bool  // by root: has memory of its own that outlives nothing: an input, or what is written into one
	readers []int   // by root: instructions that are still to read it
	waits   []int   // by instruction: instructions that must come before it
	then    [][]int // by instruction: those that wait for it
}

func newScheduler(f *ir.Func, aliases map[string]string) *scheduler {
	n, k := len(f.Shapes), len(f.Instrs)
	s := &scheduler{f: f, root: make([]ir.ID, n), free: make([]bool, n), readers: make([]int, n), waits: make([]int, k), then: make([][]int, k)}
	def := make([]int, n)
	for v := range n {
		s.root[v], def[v] = ir.ID(v), -1
	}
	for _, p := range f.Inputs {
		s.free[p.Value] = true
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		if in.Op == "reshape" {
			s.root[in.Out[0]] = s.root[in.In[0]]
		}
		for _, v := range in.Out {
			def[v] = i
		}
	}
	read := make([][]int, n) // by root
	for i := range f.Instrs {
		for _, v := range f.Instrs[i].In {
			if def[v] >= 0 {
				s.after(i, def[v])
			}
			if r := s.root[v]; !slices.Contains(read[r], i) {
				read[r] = append(read[r], i)
				s.readers[r]++
			}
		}
	}
	for _, o := range f.Outputs {
		s.readers[s.root[o.Value]]++ // never dies
		to, ok := f.Input(aliases[o.Name])
		root := s.root[o.Value]
		if !ok || def[root] < 0 {
			continue
		}
		s.free[root] = true
		for _, i := range read[to] {
			if i < def[root] {
				s.after(def[root], i)
			}
		}
	}
	return s
}

// after makes instruction i wait for j.
func (s *scheduler) after(i, j int) {
	if !slices.Contains(s.then[j], i) {
		s.then[j] = append(s.then[j], i)
		s.waits[i]++
	}
}

// early is the order in which what frees memory is not put off.
func (s *scheduler) early() (order []int) {
	var ready []int // rising
	for i, n := range s.waits {
		if n == 0 {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		at := max(0, slices.IndexFunc(ready, s.frees))
		i := ready[at]
		ready = slices.Delete(ready, at, at+1)
		order = append(order, i)
		for _, r := range s.operands(i) {
			s.readers[r]--
		}
		for _, j := range s.then[i] {
			if s.waits[j]--; s.waits[j] == 0 {
				k, _ := slices.BinarySearch(ready, j)
				ready = slices.Insert(ready, k, j)
			}
		}
	}
	return order
}

// operands is the roots that an instruction reads, each once.
func (s *scheduler) operands(i int) (list []ir.ID) {
	for _, v := range s.f.Instrs[i].In {
		if r := s.root[v]; !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list
}

// frees is whether instruction i, if it ran now, would leave no more bytes alive
// than before, but for a few.
func (s *scheduler) frees(i int) bool {
	in := &s.f.Instrs[i]
	if len(in.In) == 0 { // a constant: not before it is needed
		return false
	}
	net := 0
	for _, v := range in.Out {
		if s.root[v] == v && !s.free[v] {
			net += s.f.Shape(v).Bytes()
		}
	}
	if net <= small {
		return true
	}
	for _, r := range s.operands(i) {
		if s.readers[r] == 1 && !s.free[r] {
			net -= s.f.Shape(r).Bytes()
		}
	}
	return net <= 0
}

// late puts what f makes long before it is read behind, where nothing has to live
// longer for it.
func late(f *ir.Func, aliases map[string]string) (order []int) {
	n := len(f.Instrs)
	readers, def := make([][]int, len(f.Shapes)), make([]int, len(f.Shapes))
	ends := make([]int, len(f.Shapes)) // by value: the last instruction before which it is there in any case
	for v := range ends {
		ends[v] = -1
	}
	for _, p := range f.Inputs {
		ends[p.Value] = n
	}
	for i := range f.Instrs {
		for _, v := range f.Instrs[i].Out {
			def[v] = i
		}
		for _, v := range f.Instrs[i].In {
			readers[v] = append(readers[v], i)
			ends[v] = max(ends[v], i)
		}
	}
	fixed := make([]bool, len(f.Shapes))
	for _, p := range f.Outputs {
		fixed[p.Value] = true // perhaps made in place of an input
		if to, ok := f.Input(aliases[p.Name]); ok {
			ends[to] = def[p.Value]
		}
	}
	at := make([]int, n) // where it now stands: at its own place or just before another's
	before := make([][]int, n)
	for i := n - 1; i >= 0; i-- {
		in := &f.Instrs[i]
		at[i] = i
		first := n
		for _, v := range in.Out {
			for _, r := range readers[v] {
				first = min(first, at[r])
			}
			if fixed[v] {
				first = i
			}
		}
		if first <= i+1 || first == n || slices.ContainsFunc(in.In, func(v ir.ID) bool { return ends[v] < first }) {
			continue
		}
		at[i] = first
		before[first] = append(before[first], i)
	}
	for i := range f.Instrs {
		if at[i] == i {
			slices.Reverse(before[i])
			order = append(append(order, before[i]...), i)
		}
	}
	return order
}
