package tomlx

import (
	"slices"
	"strings"

	"github.com/fwlab/fw/core/schema"
)

// Reader reads one table strictly: each method asks for a key, and Done reports
// every key that nothing asked for. Problems are noted, never returned, so that a
// file's problems come all at once.
type Reader struct {
	table *Node
	ps    *Problems
	known []string
}

// Absent is an empty table in the place of one that the file does not have.
func Absent(path string, at Pos) *Node { return newTable(path, path, at) }

// NewReader reads a table; what is not a table reads as an empty one, noted.
func NewReader(table *Node, ps *Problems) *Reader {
	if table.Kind != Table {
		ps.Add(table.At, "%s: expected a table, found %s", table.Path, table.Found())
		table = Absent(table.Path, table.Key)
	}
	return &Reader{table: table, ps: ps}
}

// Node is the field of that name, or nil when it is absent.
func (r *Reader) Node(name string) *Node {
	r.known = append(r.known, name)
	return r.table.Field(name)
}

// Value reads a parameter. An absent one has its default. ok is false when there
// is no value: absent without a default, or refused and noted.
func (r *Reader) Value(p *schema.Param) (v schema.Value, ok bool) {
	n := r.Node(p.Name)
	if n == nil {
		return p.Default, p.Default.Type != ""
	}
	return n.Check(p, r.ps)
}

// Need reads a parameter that must be there, or have a default.
func (r *Reader) Need(p *schema.Param) (schema.Value, bool) {
	v, ok := r.Value(p)
	if !ok && r.table.Field(p.Name) == nil {
		what := "expected " + p.Expected()
		if p.Doc != "" {
			what += ": " + p.Doc
		}
		r.Missing(p.Name, what)
	}
	return v, ok
}

// Missing notes that a key is absent, at its table.
func (r *Reader) Missing(name, what string) {
	r.ps.Add(r.table.Key, "%s: missing, %s", join(r.table.Path, name), what)
}

// Check is the node as the parameter's value; a wrong one is noted.
func (n *Node) Check(p *schema.Param, ps *Problems) (schema.Value, bool) {
	v, ok := n.AsValue()
	if ok {
		var err error
		if v, err = p.Check(v); err == nil {
			return v, true
		}
	}
	ps.Add(n.At, "%s: %s", n.Path, p.Mismatch(v, n.Found()))
	return schema.Value{}, false
}

// String reads a string that must be there.
func (r *Reader) String(name string) string {
	v, _ := r.Need(&schema.Param{Name: name, Type: schema.String})
	return v.S
}

// Strings reads a list of strings; an absent one is empty.
func (r *Reader) Strings(name string) []string {
	n := r.Node(name)
	if n == nil {
		return nil
	}
	var list []string
	for _, item := range n.Items {
		if item.Kind == Scalar && item.Value.Type == schema.String {
			list = append(list, item.Value.S)
		}
	}
	if n.Kind != List || len(list) != len(n.Items) {
		r.ps.Add(n.At, "%s: expected a list of strings, found %s", n.Path, n.Found())
		return nil
	}
	return list
}

// Table reads a table within this one, nil when it is absent or something else.
func (r *Reader) Table(name string) *Node {
	n := r.Node(name)
	if n != nil && n.Kind != Table {
		r.ps.Add(n.At, "%s: expected a table, found %s", n.Path, n.Found())
		return nil
	}
	return n
}

// Tables reads a list of tables, [[name]]; an absent one is empty.
func (r *Reader) Tables(name string) []*Node {
	n := r.Node(name)
	if n == nil {
		return nil
	}
	for _, item := range n.Items {
		if item.Kind != Table {
			r.ps.Add(item.At, "%s: expected a table, found %s", item.Path, item.Found())
			return nil
		}
	}
	if n.Kind != List {
		r.ps.Add(n.At, "%s: expected [[%s]], found %s", n.Path, n.Path, n.Found())
		return nil
	}
	return n.Items
}

// maxListed bounds how many known names an error lists.
const maxListed = 12

// Done notes every key that was not asked for, with the nearest known one. hint
// may know better, as where a key belongs; it may be nil.
func (r *Reader) Done(hint func(name string) string) {
	for _, f := range r.table.Fields {
		if r.Knows(f.Name) {
			continue
		}
		more := ""
		if hint != nil {
			more = hint(f.Name)
		}
		if more == "" {
			more = schema.DidYouMean(f.Name, r.known)
		}
		if more == "" && len(r.known) <= maxListed {
			more = "; known here: " + strings.Join(r.known, ", ")
		}
		r.ps.Add(f.Key, "%s: unknown key%s", f.Path, more)
	}
}

// Knows reports whether a key of that name was asked for.
func (r *Reader) Knows(name string) bool { return slices.Contains(r.known, name) }
