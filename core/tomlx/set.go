package tomlx

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/fwlab/fw/core/schema"
)

// Set overrides keys of root, in order, by assignments as a flag takes them, --set:
// "train.epochs=10", "eval.0.k=20", "loss.use=me/loss". A value is TOML; what is
// none is taken as a string, so that bare words need no quotes within a shell's.
// Places of what is set read "--set train.epochs=10".
func Set(root *Node, flag string, assignments []string, ps *Problems) {
	for i, a := range assignments {
		set(root, a, Pos{File: flag + " " + printable(clip(a)), order: i + 1}, ps)
	}
}

func set(root *Node, assignment string, at Pos, ps *Problems) {
	s := &scanner{src: assignment, cur: newCursor("", assignment)}
	key, err := s.key()
	if err != nil || !s.accept('=') {
		ps.Add(at, "expected section.key=value")
		return
	}
	text := strings.TrimSpace(assignment[s.off:])
	if text == "" {
		ps.Add(at, `a value is missing; an empty string is ""`)
		return
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		ps.Add(at, "a control character in the value")
		return
	}
	value, err := Parse("", []byte("v = "+text))
	if err != nil || len(value.Fields) != 1 {
		if strings.ContainsAny(text[:1], "\"'[{") {
			ps.Add(at, "the value is no TOML: %s", lastText(err))
			return
		}
		value, err = Parse("", []byte("v = "+schema.Quote(text)))
		if err != nil {
			ps.Add(at, "the value is no TOML: %s", lastText(err))
			return
		}
	}
	n := value.Fields[0]
	table := root
	for _, p := range key[:len(key)-1] {
		if table = step(table, p.name, at, ps); table == nil {
			return
		}
	}
	if table.Kind == List {
		ps.Add(at, "%s: a list; its items have keys, as in %s.0.key", table.Path, table.Path)
		return
	}
	n.Name = key[len(key)-1].name
	n.move(join(table.Path, n.Name), at)
	table.replace(n)
}

// step goes from a table to the one within it, making it if it is absent, and from
// a list to its item.
func step(table *Node, name string, at Pos, ps *Problems) *Node {
	if table.Kind == List {
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i >= len(table.Items) {
			ps.Add(at, "%s: expected an index below %d, found %s", table.Path, len(table.Items), schema.Quote(clip(name)))
			return nil
		}
		return asTable(table.Items[i], at, ps)
	}
	next := table.Field(name)
	switch {
	case next == nil:
		next = newTable(name, join(table.Path, name), at)
		table.add(next)
		return next
	case next.Kind == List:
		return next
	}
	return asTable(next, at, ps)
}

func asTable(n *Node, at Pos, ps *Problems) *Node {
	if n.Kind != Table {
		ps.Add(at, "%s: expected a table, found %s", n.Path, n.Found())
		return nil
	}
	return n
}

// move gives a node and all below it another path and place.
func (n *Node) move(path string, at Pos) {
	n.Path, n.Key, n.At = path, at, at
	for _, f := range n.Fields {
		f.move(join(path, f.Name), at)
	}
	for _, item := range n.Items {
		item.move(join(path, item.Name), at)
	}
}

// replace puts a field in the place of the one with its name, or at the end.
func (n *Node) replace(f *Node) {
	for i, old := range n.Fields {
		if old.Name == f.Name {
			n.Fields[i], n.index[f.Name] = f, f
			return
		}
	}
	n.add(f)
}

// lastText is the first problem of a Parse error without its place.
func lastText(err error) string {
	if es, ok := err.(Errors); ok && len(es) > 0 {
		return strings.TrimPrefix(es[0].Text, "toml: ")
	}
	return "it goes on after its end"
}

// printable is s without what would disturb a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
