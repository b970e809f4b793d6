package fuse

import (
	"slices"

	"github.com/fwlab/fw/core/dtype"
)

// step is one thing a block does: a load of an input or a pass of a prim.
type step struct {
	run        prim
	input      int // the input to load, where run is nil
	node       int // what the step defines
	d, a, b, c int // slots
}

// plan assigns nodes to slots. Slots are, in this order: registers (scratch of
// each worker), immediates (shared), direct inputs and direct outputs, which
// move with the block.
type plan struct {
	steps     []step
	access    []access // of each input
	slot      []int    // of each node; -1 if it is never used
	registers int
	imms      []uint32
	lastUse   []int // of each input: the last step that reads it, or -1
	def       []int // of each node: the step that defines it, or -1
	block     int
	given     bool // input 0 comes in parts, which begin and end anywhere
}

const (
	l1Bytes  = 24 << 10 // what the slots of a block may fill of a 32 KB cache
	maxBlock = 1024
	minBlock = 512
)

func makePlan(l *lowering, outs []int, layouts []layout, size int, given bool) *plan {
	p := &plan{given: given, slot: make([]int, len(l.nodes)), def: make([]int, len(l.nodes)), access: make([]access, len(layouts)), lastUse: make([]int, len(layouts))}
	uses := countUses(l, outs)
	p.chooseBlock(uses, layouts, size)
	for i, n := range l.inputs {
		p.access[i] = p.accessOf(l.nodes[n].dtype, layouts[i])
		switch {
		case given && i == 0:
			p.access[i] = direct
		case p.access[i] == direct && slices.Contains(outs, n):
			p.access[i] = loaded // an output may lie where it is read from
		}
	}
	p.order(l, uses)
	p.allocate(l, outs)
	return p
}

// countUses marks what the outputs need; dead nodes have no use.
func countUses(l *lowering, outs []int) []int {
	uses := make([]int, len(l.nodes))
	for _, o := range outs {
		uses[o]++
	}
	for i := len(l.nodes) - 1; i >= 0; i-- {
		if n := l.nodes[i]; uses[i] > 0 && n.kind == argValue {
			for _, a := range n.args {
				if a >= 0 {
					uses[a]++
				}
			}
		}
	}
	return uses
}

// chooseBlock finds the largest block that keeps all slots in the cache and
// fits the periods of broadcast inputs, so that these cost nothing per block.
func (p *plan) chooseBlock(uses []int, layouts []layout, size int) {
	live := 0
	for _, u := range uses {
		if u > 0 {
			live++
		}
	}
	most := maxBlock
	for most > minBlock && min(live, 16)*most*4 > l1Bytes {
		most /= 2
	}
	p.block = most
	if size <= most {
		p.block = size // every period divides it
		return
	}
	for b := most; b >= most/2; b -= 8 {
		fits := true
		for _, y := range layouts {
			if n := y.period(); n > 1 && n%b != 0 && b%n != 0 {
				fits = false
			}
		}
		if fits {
			p.block = b
			return
		}
	}
}

func (p *plan) accessOf(t dtype.DType, y layout) access {
	n := y.period()
	switch {
	case n > 0 && p.block%n == 0:
		return constant
	case t.Size() == 4 && (y.dense() || !p.given && n > 0 && n%p.block == 0):
		return direct
	}
	return loaded
}

// order lists the steps: nodes in program order, loads just before their first use.
func (p *plan) order(l *lowering, uses []int) {
	seen := make([]bool, len(l.nodes))
	for i := range p.lastUse {
		p.lastUse[i] = -1
	}
	for i := range p.def {
		p.def[i] = -1
	}
	load := func(n int) {
		if in := l.nodes[n]; in.kind == argInput && p.access[in.input] == loaded && !seen[n] {
			seen[n] = true
			p.def[n] = len(p.steps)
			p.lastUse[in.input] = len(p.steps)
			p.steps = append(p.steps, step{input: in.input, node: n})
		}
	}
	for i, n := range l.nodes {
		if uses[i] == 0 || n.kind != argValue {
			continue
		}
		for _, a := range n.args {
			if a >= 0 {
				load(a)
			}
		}
		for _, a := range n.args {
			if a >= 0 && l.nodes[a].kind == argInput && p.access[l.nodes[a].input] == direct {
				p.lastUse[l.nodes[a].input] = len(p.steps)
			}
		}
		p.def[i] = len(p.steps)
		p.steps = append(p.steps, step{run: n.run, node: i})
	}
	for i, n := range l.nodes {
		if uses[i] > 0 && n.kind == argInput {
			load(i) // an input that is only copied to an output
		}
	}
}

// allocate gives registers by linear scan; a step may write the register of an
// operand that dies in it.
func (p *plan) allocate(l *lowering, outs []int) {
	last := make([]int, len(l.nodes)) // the last step that needs each node
	for s, st := range p.steps {
		if st.run == nil {
			continue
		}
		for _, a := range l.nodes[st.node].args {
			if a >= 0 {
				last[a] = s
			}
		}
	}
	for _, o := range outs {
		last[o] = len(p.steps) // stored at the end of the block
	}
	for i := range p.slot {
		p.slot[i] = -1
	}
	for i, n := range l.inputs {
		if p.access[i] == constant {
			p.slot[n] = p.registers
			p.registers++
		}
	}
	var free []int
	for s := range p.steps {
		st := &p.steps[s]
		if st.run != nil {
			args := l.nodes[st.node].args
			for k, a := range args {
				if a >= 0 && p.def[a] >= 0 && last[a] == s && !earlier(args, k) {
					free = append(free, p.slot[a])
				}
			}
		}
		if len(free) > 0 {
			p.slot[st.node], free = free[len(free)-1], free[:len(free)-1]
			continue
		}
		p.slot[st.node] = p.registers
		p.registers++
	}
	next := p.registers
	for i, n := range l.nodes {
		if n.kind == argImmediate {
			p.slot[i] = next
			p.imms = append(p.imms, n.bits)
			next++
		}
	}
	for i, n := range l.inputs {
		if p.access[i] == direct {
			p.slot[n] = next
			next++
		}
	}
	for s := range p.steps {
		st := &p.steps[s]
		st.d = p.slot[st.node]
		if st.run != nil {
			st.a, st.b, st.c = p.slotOf(l, st.node, 0), p.slotOf(l, st.node, 1), p.slotOf(l, st.node, 2)
		}
	}
}

// earlier reports whether argument k also stands before it.
func earlier(args [3]int, k int) bool {
	for _, a := range args[:k] {
		if a == args[k] {
			return true
		}
	}
	return false
}

func (p *plan) slotOf(l *lowering, n, arg int) int {
	if a := l.nodes[n].args[arg]; a >= 0 {
		return p.slot[a]
	}
	return 0
}
