package tomlx

import (
	"fmt"
	"slices"
	"strings"
)

// maxShown bounds how many problems one message lists.
const maxShown = 50

// Problem is one thing wrong, and where.
type Problem struct {
	At   Pos
	Text string // begins with the dotted key: "train.epochs: expected ..."
}

// Error is "experiments/x.toml:14:7: train.epochs: expected ...".
func (p Problem) Error() string { return p.At.String() + ": " + p.Text }

// Problems gathers what is wrong with an input, so that all of it is reported at
// once. The zero value is ready to use.
type Problems struct{ list []Problem }

// Add notes a problem.
func (ps *Problems) Add(at Pos, format string, args ...any) {
	ps.list = append(ps.list, Problem{at, fmt.Sprintf(format, args...)})
}

// Merge adds all that other noted.
func (ps *Problems) Merge(other *Problems) { ps.list = append(ps.list, other.list...) }

// Err is nil when nothing was added, else an [Errors] in the order of places.
func (ps *Problems) Err() error {
	if len(ps.list) == 0 {
		return nil
	}
	list := slices.Clone(ps.list)
	slices.SortStableFunc(list, func(a, b Problem) int { return a.At.compare(b.At) })
	return Errors(slices.Compact(list))
}

// Errors is every problem of an input, sorted by place.
type Errors []Problem

// Error has a line for each problem, up to fifty.
func (es Errors) Error() string {
	var b strings.Builder
	for i, p := range es {
		if i == maxShown {
			fmt.Fprintf(&b, "\nand %d more", len(es)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.Error())
	}
	return b.String()
}
