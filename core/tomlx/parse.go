package tomlx

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"github.com/fwlab/fw/core/schema"
)

// Parse reads src as TOML. file is the name that places carry; nothing is opened.
// The error is an [Errors]: what is no TOML, or a key given twice.
func Parse(file string, src []byte) (*Node, error) {
	text := strings.TrimPrefix(string(src), "\ufeff")
	if err := readable(file, text); err != nil {
		return nil, Errors{*err}
	}
	root, repeats, lost := scan(file, text)
	var limit Problem
	if errors.As(lost, &limit) {
		return nil, Errors{limit}
	}
	decoded, err := decode(text)
	if err != nil {
		return nil, syntaxErrors(file, text, err, repeats)
	}
	if len(repeats) > 0 { // the reader lets a few of them pass, and drops a value
		return nil, repeated(repeats)
	}
	if lost == nil {
		lost = root.fill(decoded)
	}
	if lost != nil {
		return nil, Errors{{Pos{File: file}, "toml: read, but its places were lost: " + lost.Error()}}
	}
	return root, nil
}

// readable refuses what no TOML file can be.
func readable(file, text string) *Problem {
	at := Pos{File: file}
	if len(text) > MaxBytes {
		return &Problem{at, fmt.Sprintf("a file of %d bytes, at most %d are read", len(text), MaxBytes)}
	}
	cur := newCursor(file, text)
	for i, r := range text {
		if r == utf8.RuneError {
			if _, w := utf8.DecodeRuneInString(text[i:]); w == 1 {
				return &Problem{cur.pos(i), fmt.Sprintf("toml: byte 0x%02x is not UTF-8; save the file as UTF-8", text[i])}
			}
		}
		if r == 0 {
			return &Problem{cur.pos(i), "toml: a zero byte; save the file as UTF-8 text"}
		}
	}
	return nil
}

// decode reads the values. The reader panics on a few malformed inputs instead of
// returning an error; files are hostile, so that is caught here.
func decode(text string) (m map[string]any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("not TOML: %v", r)
		}
	}()
	_, err = toml.Decode(text, &m)
	return m, err
}

// syntaxErrors words what the reader of values said.
func syntaxErrors(file, text string, err error, repeats []repeat) error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return Errors{{Pos{File: file}, "toml: " + printable(strings.TrimSpace(err.Error()))}}
	}
	if len(repeats) > 0 && (strings.Contains(pe.Message, "already been defined") || strings.Contains(pe.Message, "already created")) {
		return repeated(repeats)
	}
	cur := newCursor(file, text)
	msg := printable(strings.TrimSpace(pe.Message))
	if msg != "" {
		msg = strings.ToLower(msg[:1]) + msg[1:]
	}
	if word, ok := strings.CutPrefix(msg, "expected value but found \""); ok {
		msg += `; text stands in quotes: "` + strings.TrimSuffix(word, " instead")
	}
	return Errors{{cur.pos(pe.Position.Start), "toml: " + msg}}
}

func repeated(repeats []repeat) error {
	var ps Problems
	for _, r := range repeats {
		ps.Add(r.pos, "%s: given twice, first in line %d", r.path, r.first.Line)
	}
	return ps.Err()
}

// fill puts the values that were read into their places.
func (n *Node) fill(v any) error {
	switch v := v.(type) {
	case string:
		n.Value = schema.OfString(v)
	case int64:
		n.Value = schema.Value{Type: schema.Int, I: v}
	case float64:
		n.Value = schema.OfFloat(v)
	case bool:
		n.Value = schema.OfBool(v)
	case time.Time:
		n.Kind = Date
	case map[string]any:
		return n.fillTable(v)
	case []map[string]any:
		items := make([]any, len(v))
		for i, x := range v {
			items[i] = x
		}
		return n.fillList(items)
	case []any:
		return n.fillList(v)
	default:
		return fmt.Errorf("%s is a %T", n.Path, v)
	}
	if n.index != nil || n.Items != nil {
		return fmt.Errorf("%s is a %T", n.Path, v)
	}
	return nil
}

func (n *Node) fillTable(m map[string]any) error {
	if n.Kind != Table || len(n.Fields) != len(m) {
		return fmt.Errorf("%s has %d keys, found %d", strconv.Quote(n.Path), len(m), len(n.Fields))
	}
	for _, f := range n.Fields {
		v, ok := m[f.Name]
		if !ok {
			return fmt.Errorf("%s has no key %q", strconv.Quote(n.Path), f.Name)
		}
		if err := f.fill(v); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) fillList(items []any) error {
	if n.Kind != List || len(n.Items) != len(items) {
		return fmt.Errorf("%s has %d items, found %d", n.Path, len(items), len(n.Items))
	}
	for i, v := range items {
		if err := n.Items[i].fill(v); err != nil {
			return err
		}
	}
	return nil
}
