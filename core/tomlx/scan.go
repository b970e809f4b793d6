package tomlx

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits against hostile files. They bound the recursion and the quadratic costs
// of the TOML reader, and are far above what a person writes.
const (
	MaxBytes = 1 << 20
	maxDepth = 16  // of nested lists and inline tables
	maxParts = 16  // of a dotted key
	maxName  = 256 // bytes of a part of a key
)

// errLost means that the text is not TOML, or not yet: the reader of values says
// what is wrong with it.
var errLost = errors.New("tomlx: no TOML here")

// repeat is a key that was given twice.
type repeat struct {
	path       string
	first, pos Pos
}

// scanner walks TOML text and notes where keys and values stand. It checks no
// more syntax than it needs to keep its place, and gives up where it loses it.
type scanner struct {
	src     string
	off     int
	cur     cursor
	depth   int
	repeats []repeat
}

// part is one part of a dotted key.
type part struct {
	name string
	pos  Pos
}

// scan builds the tree of places of src.
func scan(file, src string) (*Node, []repeat, error) {
	s := &scanner{src: src, cur: newCursor(file, src)}
	root := newTable("", "", Pos{File: file})
	err := s.document(root)
	return root, s.repeats, err
}

func (s *scanner) document(root *Node) error {
	table := root
	for {
		s.blank()
		if s.off == len(s.src) {
			return nil
		}
		var err error
		if s.src[s.off] == '[' {
			table, err = s.header(root)
		} else {
			err = s.assign(table)
		}
		if err != nil {
			return err
		}
		s.spaces()
		if s.off < len(s.src) && !strings.ContainsRune("\r\n#", rune(s.src[s.off])) {
			return errLost
		}
	}
}

// header reads [a.b] or [[a.b]] and returns the table that it opens.
func (s *scanner) header(root *Node) (*Node, error) {
	s.off++
	isItem := s.accept('[')
	key, err := s.key()
	if err != nil || !s.accept(']') || isItem && !s.accept(']') {
		return nil, errors.Join(err, errLost)
	}
	parent := s.descend(root, key[:len(key)-1])
	last := key[len(key)-1]
	n := parent.Field(last.name)
	if isItem {
		if n == nil || n.Kind != List || !n.header {
			s.again(n, last)
			n = &Node{Name: last.name, Path: join(parent.Path, last.name), Key: last.pos, At: last.pos, Kind: List, header: true}
			s.put(parent, n)
		}
		item := newItem(n, last.pos)
		item.explicit, item.header, item.Kind, item.index = true, true, Table, map[string]*Node{}
		return item, nil
	}
	if n == nil || n.Kind != Table || n.header {
		s.again(n, last)
		if n == nil || n.Kind != Table {
			n = newTable(last.name, join(parent.Path, last.name), last.pos)
			s.put(parent, n)
		}
	}
	if !n.header {
		n.Key, n.At = last.pos, last.pos
	}
	n.explicit, n.header = true, true
	return n, nil
}

// assign reads key = value into a table.
func (s *scanner) assign(table *Node) error {
	key, err := s.key()
	if err != nil {
		return err
	}
	if !s.accept('=') {
		return errLost
	}
	table = s.descend(table, key[:len(key)-1])
	last := key[len(key)-1]
	s.again(table.Field(last.name), last)
	n := &Node{Name: last.name, Path: join(table.Path, last.name), Key: last.pos, explicit: true}
	if err := s.value(n); err != nil {
		return err
	}
	s.put(table, n)
	return nil
}

// put adds a field unless the name is taken: the reader of values refuses that.
func (s *scanner) put(table, n *Node) {
	if table.Field(n.Name) == nil {
		table.add(n)
	}
}

// again notes that n, if there is one, is given a second time.
func (s *scanner) again(n *Node, second part) {
	if n != nil {
		s.repeats = append(s.repeats, repeat{n.Path, n.Key, second.pos})
	}
}

// descend follows the parts of a key, making the tables that it implies. A list
// of tables stands for its last one.
func (s *scanner) descend(table *Node, key []part) *Node {
	for _, p := range key {
		next := table.Field(p.name)
		switch {
		case next == nil:
			next = newTable(p.name, join(table.Path, p.name), p.pos)
			table.add(next)
		case next.Kind == List && len(next.Items) > 0 && next.Items[len(next.Items)-1].Kind == Table:
			next = next.Items[len(next.Items)-1]
		case next.Kind != Table:
			s.again(next, p)
			next = newTable(p.name, next.Path, p.pos)
		}
		table = next
	}
	return table
}

// newItem appends an item to a list.
func newItem(list *Node, pos Pos) *Node {
	name := strconv.Itoa(len(list.Items))
	item := &Node{Name: name, Path: join(list.Path, name), Key: pos, At: pos}
	list.Items = append(list.Items, item)
	return item
}

// value reads a value: where it stands, and what is inside it.
func (s *scanner) value(n *Node) error {
	s.spaces()
	if s.off == len(s.src) {
		return errLost
	}
	start := s.off
	n.At = s.cur.pos(start)
	var err error
	switch s.src[s.off] {
	case '[':
		n.Kind = List
		err = s.nested(n.At, func() error { return s.list(n) })
	case '{':
		n.Kind, n.index = Table, map[string]*Node{}
		err = s.nested(n.At, func() error { return s.inline(n) })
	case '"', '\'':
		err = s.quoted()
	default:
		if i := strings.IndexAny(s.src[s.off:], ",]}#\r\n"); i >= 0 {
			s.off += i
		} else {
			s.off = len(s.src)
		}
		s.off = start + len(strings.TrimRight(s.src[start:s.off], " \t"))
		if s.off == start {
			err = errLost
		}
	}
	n.Raw = s.src[start:s.off]
	return err
}

func (s *scanner) nested(at Pos, inside func() error) error {
	if s.depth++; s.depth > maxDepth {
		return Problem{at, fmt.Sprintf("toml: lists and tables nested more than %d deep", maxDepth)}
	}
	defer func() { s.depth-- }()
	s.off++
	return inside()
}

// list reads what follows '['.
func (s *scanner) list(n *Node) error {
	for {
		s.blank()
		if s.accept(']') {
			return nil
		}
		if err := s.value(newItem(n, s.cur.pos(s.off))); err != nil {
			return err
		}
		s.blank()
		if !s.accept(',') && !s.at(']') {
			return errLost
		}
	}
}

// inline reads what follows '{'.
func (s *scanner) inline(n *Node) error {
	for {
		s.blank()
		if s.accept('}') {
			return nil
		}
		if err := s.assign(n); err != nil {
			return err
		}
		s.blank()
		if !s.accept(',') && !s.at('}') {
			return errLost
		}
	}
}

// spaces skips spaces and tabs.
func (s *scanner) spaces() {
	for s.at(' ') || s.at('\t') {
		s.off++
	}
}

// blank skips white space, newlines and comments.
func (s *scanner) blank() {
	for s.off < len(s.src) {
		switch s.src[s.off] {
		case ' ', '\t', '\r', '\n':
			s.off++
		case '#':
			if i := strings.IndexByte(s.src[s.off:], '\n'); i >= 0 {
				s.off += i
			} else {
				s.off = len(s.src)
			}
		default:
			return
		}
	}
}

func (s *scanner) at(c byte) bool { return s.off < len(s.src) && s.src[s.off] == c }

func (s *scanner) accept(c byte) bool {
	if s.at(c) {
		s.off++
		return true
	}
	return false
}

// key reads a dotted key and the spaces around it.
func (s *scanner) key() ([]part, error) {
	var key []part
	for {
		s.spaces()
		start := s.off
		pos := s.cur.pos(start)
		var name string
		if s.at('"') || s.at('\'') {
			if strings.HasPrefix(s.src[s.off:], `"""`) || strings.HasPrefix(s.src[s.off:], "'''") {
				return nil, errLost
			}
			if err := s.quoted(); err != nil {
				return nil, err
			}
			name = unquote(s.src[start:s.off])
		} else {
			for s.off < len(s.src) && bareByte(s.src[s.off]) {
				s.off++
			}
			if name = s.src[start:s.off]; name == "" {
				return nil, errLost
			}
		}
		if len(name) > maxName {
			return nil, Problem{pos, fmt.Sprintf("toml: a key of %d bytes, at most %d are read", len(name), maxName)}
		}
		if key = append(key, part{name, pos}); len(key) > maxParts {
			return nil, Problem{pos, fmt.Sprintf("toml: a key of more than %d parts", maxParts)}
		}
		s.spaces()
		if !s.accept('.') {
			return key, nil
		}
	}
}

// quoted moves past a string of any of the four forms.
func (s *scanner) quoted() error {
	q := s.src[s.off : s.off+1]
	triple := strings.HasPrefix(s.src[s.off:], q+q+q)
	if triple {
		s.off += 3
	} else {
		s.off++
	}
	for s.off < len(s.src) {
		switch c := s.src[s.off]; {
		case c == '\\' && q == `"`:
			s.off += 2
		case c == '\n' && !triple:
			return errLost
		case c != q[0]:
			s.off++
		case !triple:
			s.off++
			return nil
		default:
			run := len(s.src[s.off:]) - len(strings.TrimLeft(s.src[s.off:], q))
			s.off += run
			if run > 5 {
				return errLost
			}
			if run >= 3 {
				return nil
			}
		}
	}
	s.off = len(s.src)
	return errLost
}

// unquote is the text of a one-line string with its quotes; an escape that is
// none stays as it is.
func unquote(raw string) string {
	body := raw[1 : len(raw)-1]
	if raw[0] == '\'' {
		return body
	}
	var b strings.Builder
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' || i+1 == len(body) {
			b.WriteByte(body[i])
			continue
		}
		i++
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[body[i]]
		if digits == 0 {
			const from, to = `btnfre"\`, "\b\t\n\f\r\x1b\"\\"
			if at := strings.IndexByte(from, body[i]); at >= 0 {
				b.WriteByte(to[at])
			} else {
				b.WriteString(body[i-1 : i+1])
			}
			continue
		}
		code, err := strconv.ParseUint(body[i+1:min(i+1+digits, len(body))], 16, 32)
		if err != nil || !utf8.ValidRune(rune(code)) {
			b.WriteString(body[i-1 : i+1])
			continue
		}
		b.WriteRune(rune(code))
		i += digits
	}
	return b.String()
}
