package plan

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/fwlab/fw/core/ir"
)

// String is the plan for people: the sums, the bytes alive over time, what is
// alive at the peak, and every buffer in order of time.
func (p *Plan) String() string {
	var b strings.Builder
	peak, at := p.Peak()
	fmt.Fprintf(&b, "arena %s for %d buffers, of which at most %s are alive at once", Size(p.Arena), len(p.buffers()), Size(peak))
	if peak > 0 {
		fmt.Fprintf(&b, " (%.1f %% above)", 100*float64(p.Arena-peak)/float64(peak))
	}
	fmt.Fprintf(&b, "; inputs %s, of which %d are updated in place and %d by a copy\n", Size(p.Inputs()), p.updated(), len(p.Copies))
	if len(p.Func.Instrs) == 0 || peak == 0 {
		return b.String()
	}
	b.WriteString("\nbytes alive, by instruction\n")
	p.chart(&b)
	fmt.Fprintf(&b, "\nthe peak, instruction %d: %s\n", at, p.maker(at))
	p.atPeak(&b, at)
	b.WriteString("\nevery buffer, in order of time\n")
	p.table(&b)
	return b.String()
}

// updated is how many inputs get their next value in their own memory.
func (p *Plan) updated() (n int) {
	seen := map[ir.ID]bool{}
	for v, root := range p.Root {
		if p.First[root] < 0 && p.First[v] >= 0 && p.Func.Instrs[p.First[v]].Op != "reshape" && !seen[root] {
			seen[root] = true
			n++
		}
	}
	return n
}

// Size is a number of bytes in words.
func Size(n int) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

const chartWidth, chartHeight = 72, 10

// chart draws the most bytes alive within each share of the instructions.
func (p *Plan) chart(b *strings.Builder) {
	live := p.Live()
	width := min(chartWidth, len(live))
	columns := make([]int, width)
	top := 0
	for i, n := range live {
		c := &columns[i*width/len(live)]
		*c = max(*c, n)
		top = max(top, n)
	}
	for row := chartHeight; row > 0; row-- {
		line := make([]byte, width)
		for c, n := range columns {
			line[c] = ' '
			if n*chartHeight > top*(row-1) {
				line[c] = '#'
			}
		}
		fmt.Fprintf(b, "%9s |%s\n", Size(top*row/chartHeight), strings.TrimRight(string(line), " "))
	}
	fmt.Fprintf(b, "%9s +%s\n%9s  0%*d\n", "", strings.Repeat("-", width), "", width-1, len(live)-1)
}

// atPeak lists the largest buffers that are alive at an instruction.
func (p *Plan) atPeak(b *strings.Builder, at int) {
	var alive []ir.ID
	for _, v := range p.buffers() {
		if p.First[v] <= at && at <= p.Last[v] {
			alive = append(alive, v)
		}
	}
	slices.SortStableFunc(alive, func(a, b ir.ID) int { return cmp.Compare(p.size(b), p.size(a)) })
	const most = 12
	w := tabwriter.NewWriter(b, 0, 4, 2, ' ', 0)
	rest := 0
	for i, v := range alive {
		if i >= most {
			rest += p.size(v)
			continue
		}
		fmt.Fprintf(w, "  %%%d\t%s\t%s\tmade by %d\tread until %d\t%s\n", v, p.Func.Shape(v), Size(p.size(v)), p.First[v], p.Last[v], p.maker(p.First[v]))
	}
	w.Flush()
	if rest > 0 {
		fmt.Fprintf(b, "  and %d smaller, %s\n", len(alive)-most, Size(rest))
	}
}

// maker is an instruction in words: its op, of a fusion those it joins, and the
// author's place.
func (p *Plan) maker(i int) string {
	in := &p.Func.Instrs[i]
	s := in.Op
	if in.Body != nil {
		var ops []string
		for j := range in.Body.Instrs {
			if op := in.Body.Instrs[j].Op; op != "constant" && op != "broadcast_in_dim" {
				ops = append(ops, op)
			}
		}
		if len(ops) > 4 {
			ops = append(ops[:3], fmt.Sprintf("and %d more", len(ops)-3))
		}
		s += " of " + strings.Join(ops, ", ")
	}
	if in.Loc.File != "" {
		s += fmt.Sprintf(" %s:%d", path.Base(in.Loc.File), in.Loc.Line)
	}
	return s
}

// table lists the buffers: what is written into each one after the other, and
// which buffer has its first byte next.
func (p *Plan) table(b *strings.Builder) {
	list := p.buffers()
	slices.SortStableFunc(list, func(a, b ir.ID) int { return cmp.Compare(p.First[a], p.First[b]) })
	holds := make([][]ir.ID, len(p.Root))
	for v, root := range p.Root {
		if p.First[v] >= 0 && p.Func.Instrs[p.First[v]].Op != "reshape" {
			holds[root] = append(holds[root], ir.ID(v))
		}
	}
	w := tabwriter.NewWriter(b, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "alive\tsize\tfrom byte\tvalue\tmade by\treused by")
	for i, v := range list {
		next := "-"
		for _, u := range list[i+1:] {
			if p.First[u] > p.Last[v] && p.Offset[u] <= p.Offset[v] && p.Offset[v] < p.Offset[u]+p.size(u) {
				next = fmt.Sprintf("%%%d", u)
				break
			}
		}
		for j, m := range holds[v] {
			if j == 0 {
				fmt.Fprintf(w, "%d-%d\t%s\t%d\t%%%d %s\t%s\t%s\n", p.First[v], p.Last[v], Size(p.size(v)), p.Offset[v], m, p.Func.Shape(m), p.maker(p.First[m]), next)
			} else {
				fmt.Fprintf(w, "  from %d\t\t\t%%%d %s\t%s\t\n", p.First[m], m, p.Func.Shape(m), p.maker(p.First[m]))
			}
		}
	}
	w.Flush()
}
