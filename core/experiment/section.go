package experiment

import (
	"slices"
	"strings"

	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx"
)

// The kinds of plugins. Each has a section of its name.
const (
	Backbone = "backbone"
	Pretext  = "pretext"
	Augment  = "augment"
	Loss     = "loss"
	Crop     = "crop"
)

// Kinds is every kind, in the order of the sections.
func Kinds() []string { return []string{Backbone, Pretext, Augment, Loss, Crop} }

// Row is one key of a section.
type Row struct {
	schema.Param
	When     Condition
	Optional bool // may be absent though it has no default
}

// Condition says for which values of another key of its section a row is there.
// The zero Condition always holds. A name may have several rows with exclusive
// conditions, as when a default depends on the data set.
type Condition struct {
	Key string
	In  []string
}

// Section is a table of the file. List sections are written [[name]], any number
// of times; Named ones [name.X], a table for each name X.
type Section struct {
	Name, Doc string
	List      bool
	Named     bool
	Rows      []Row // keys that choose stand before those that depend on them
}

type option func(*Row)

func row(t schema.Type, name, doc string, options ...option) Row {
	r := Row{Param: schema.Param{Name: name, Type: t, Doc: doc}}
	for _, o := range options {
		o(&r)
	}
	return r
}

func optional(r *Row) { r.Optional = true }

func def(v schema.Value) option { return func(r *Row) { r.Default = v } }

func atLeast(x float64) option { return func(r *Row) { r.HasMin, r.Min = true, x } }

func above(x float64) option {
	return func(r *Row) { r.HasMin, r.Min, r.MinOpen = true, x, true }
}

func atMost(x float64) option { return func(r *Row) { r.HasMax, r.Max = true, x } }

func below(x float64) option {
	return func(r *Row) { r.HasMax, r.Max, r.MaxOpen = true, x, true }
}

func oneOf(choices ...string) option { return func(r *Row) { r.Choices = choices } }

func when(key string, in ...string) option {
	return func(r *Row) { r.When = Condition{key, in} }
}

// table is a section with a value for each of its keys.
type table struct {
	path   string // "train", "eval.0"
	values []schema.Named
}

func (t *table) get(name string) (schema.Value, bool) {
	for _, v := range t.values {
		if v.Name == name {
			return v.Value, true
		}
	}
	return schema.Value{}, false
}

// read checks a table against the section. What is wrong is noted in ps.
func (s *Section) read(n *tomlx.Node, r *tomlx.Reader, ps *tomlx.Problems) table {
	t := table{path: n.Path}
	for i := range s.Rows {
		name := s.Rows[i].Name
		if r.Knows(name) {
			continue
		}
		row, undecided := s.choose(name, &t)
		switch {
		case undecided:
			r.Node(name)
		case row == nil:
			if given := r.Node(name); given != nil {
				ps.Add(given.Key, "%s: %s", given.Path, s.onlyFor(name, &t))
			}
		case row.Optional:
			if v, ok := r.Value(&row.Param); ok {
				t.values = append(t.values, schema.Named{Name: name, Value: v})
			}
		default:
			if v, ok := r.Need(&row.Param); ok {
				t.values = append(t.values, schema.Named{Name: name, Value: v})
			}
		}
	}
	return t
}

// choose is the row of that name whose condition holds; undecided when the key
// that decides has no good value.
func (s *Section) choose(name string, t *table) (row *Row, undecided bool) {
	for i := range s.Rows {
		r := &s.Rows[i]
		if r.Name != name {
			continue
		}
		if r.When.Key == "" {
			return r, false
		}
		v, ok := t.get(r.When.Key)
		if !ok {
			return nil, true
		}
		if slices.Contains(r.When.In, v.S) {
			return r, false
		}
	}
	return nil, false
}

// onlyFor says why a key is out of place.
func (s *Section) onlyFor(name string, t *table) string {
	var key string
	var in []string
	for _, r := range s.Rows {
		if r.Name == name {
			key, in = r.When.Key, append(in, r.When.In...)
		}
	}
	v, _ := t.get(key)
	return "only for " + key + " " + strings.Join(in, ", ") + ", here it is " + v.String()
}
