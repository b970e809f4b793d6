package tomlx

import (
	"bytes"
	"strings"

	"github.com/fwlab/fw/core/schema"
)

// Writer writes canonical TOML: one key a line, a blank line before each table,
// no comments. The zero value is ready to use.
type Writer struct{ b bytes.Buffer }

// Table begins [path].
func (w *Writer) Table(path string) { w.begin("[" + path + "]") }

// Item begins the next [[path]].
func (w *Writer) Item(path string) { w.begin("[[" + path + "]]") }

func (w *Writer) begin(header string) {
	if w.b.Len() > 0 {
		w.b.WriteByte('\n')
	}
	w.b.WriteString(header + "\n")
}

// Set writes a key of the current table.
func (w *Writer) Set(name string, v schema.Value) { w.line(name, v.String()) }

// SetString writes a string, and nothing if it is empty.
func (w *Writer) SetString(name, s string) {
	if s != "" {
		w.line(name, schema.Quote(s))
	}
}

// SetStrings writes a list of strings, and nothing if it is empty.
func (w *Writer) SetStrings(name string, list []string) {
	if len(list) == 0 {
		return
	}
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = schema.Quote(s)
	}
	w.line(name, "["+strings.Join(quoted, ", ")+"]")
}

func (w *Writer) line(name, value string) { w.b.WriteString(join("", name) + " = " + value + "\n") }

// Bytes is what was written.
func (w *Writer) Bytes() []byte { return bytes.Clone(w.b.Bytes()) }
