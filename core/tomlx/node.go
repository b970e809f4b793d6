package tomlx

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fwlab/fw/core/schema"
)

// Kind is what a node holds.
type Kind int

const (
	Scalar Kind = iota // Value has it
	Date               // no key of ours takes one
	List               // Items has it
	Table              // Fields has it
)

// Node is a key with its value.
type Node struct {
	Name   string // the key's last part, or an item's index
	Path   string // dotted, as --set takes it: "train.epochs", "eval.0.k"
	Key    Pos    // of the key; of an item without one, its value
	At     Pos    // of the value
	Kind   Kind
	Value  schema.Value
	Raw    string  // the value as written; of a [table] empty
	Fields []*Node // of a table, in the file's order
	Items  []*Node // of a list

	index    map[string]*Node // Fields by name
	explicit bool             // named by a header or an assignment, not implied by a longer path
	header   bool             // opened by [path]
}

// Field is the table's field of that name, or nil. A nil node has no fields.
func (n *Node) Field(name string) *Node {
	if n == nil {
		return nil
	}
	return n.index[name]
}

// AsValue is the node as a parameter's value: a scalar, or a list of numbers.
func (n *Node) AsValue() (schema.Value, bool) {
	switch n.Kind {
	case Scalar:
		return n.Value, true
	case List:
		return n.numbers()
	}
	return schema.Value{}, false
}

// numbers is a list of integers, or of floats if one of them is.
func (n *Node) numbers() (schema.Value, bool) {
	ints, floats := schema.Value{Type: schema.Ints}, schema.Value{Type: schema.Floats}
	isInt := true
	for _, item := range n.Items {
		switch {
		case item.Kind != Scalar || item.Value.Type != schema.Int && item.Value.Type != schema.Float:
			return schema.Value{}, false
		case item.Value.Type == schema.Int:
			ints.Is = append(ints.Is, item.Value.I)
			floats.Fs = append(floats.Fs, float64(item.Value.I))
		default:
			isInt = false
			floats.Fs = append(floats.Fs, item.Value.F)
		}
	}
	if isInt {
		return ints, true
	}
	return floats, true
}

// maxFound bounds how much of a value an error repeats, in characters.
const maxFound = 60

// Found is the value for an error: as written if that is short, else its kind.
func (n *Node) Found() string {
	switch n.Kind {
	case Table:
		return "a table"
	case Date:
		return "the date " + n.Raw
	case List:
		if n.header {
			return "[[" + n.Path + "]]"
		}
	}
	if n.Kind == List && strings.ContainsFunc(n.Raw, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "a list"
	}
	if n.Kind == Scalar && n.Value.Type == schema.String {
		return clip(n.Value.String())
	}
	return clip(n.Raw)
}

func clip(s string) string {
	if utf8.RuneCountInString(s) <= maxFound {
		return s
	}
	return string([]rune(s)[:maxFound]) + "..."
}

// join appends a part to a dotted path, quoted if it is no bare key.
func join(path, part string) string {
	if !isBare(part) {
		part = schema.Quote(clip(part))
	}
	if path == "" {
		return part
	}
	return path + "." + part
}

func isBare(s string) bool {
	for i := range len(s) {
		if !bareByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func bareByte(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// newTable makes an empty table.
func newTable(name, path string, key Pos) *Node {
	return &Node{Name: name, Path: path, Key: key, At: key, Kind: Table, index: map[string]*Node{}}
}

// add appends a field to a table.
func (n *Node) add(f *Node) {
	n.Fields = append(n.Fields, f)
	n.index[f.Name] = f
}
