package experiment

import (
	"slices"
	"strings"

	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx"
)

// Resolved is the experiment as canonical TOML: every default filled in, plugins
// by version, sections and keys in the order of the language, no comments. It
// reads back as an experiment with the same Resolved.
func (e *Experiment) Resolved() []byte {
	var w tomlx.Writer
	e.each(func(path string) {
		if section, isItem := item(path); isItem {
			w.Item(section)
		} else {
			w.Table(path)
		}
	}, func(_, name string, v schema.Value) { w.Set(name, v) })
	return w.Bytes()
}

// Decisive is Resolved without the keys that a resumed run may change: what its
// trained bytes depend on.
func (e *Experiment) Decisive() []byte {
	var w tomlx.Writer
	e.each(func(path string) {
		if _, isItem := item(path); !isItem {
			w.Table(path)
		}
	}, func(path, name string, v schema.Value) {
		if !free(path + "." + name) {
			w.Set(name, v)
		}
	})
	return w.Bytes()
}

// item is the list section that a table's path is in, if it is in one.
func item(path string) (section string, is bool) {
	section, rest, _ := strings.Cut(path, ".")
	return section, rest != "" && section != modules
}

// Change is a key with its values before and after, in TOML; "" where it was or is
// not there.
type Change struct{ Key, Old, New string }

// String is `train.epochs: 10, now 20`.
func (c Change) String() string {
	show := func(s string) string {
		if s == "" {
			return "absent"
		}
		return s
	}
	return c.Key + ": " + show(c.Old) + ", now " + show(c.New)
}

// Diff lists what b says differently from a, in b's order, then what only a says.
func Diff(a, b *Experiment) []Change {
	old, now := a.flat(), b.flat()
	var changes []Change
	for _, n := range now {
		i := slices.IndexFunc(old, func(c Change) bool { return c.Key == n.Key })
		switch {
		case i < 0:
			changes = append(changes, n)
		case old[i].New != n.New:
			changes = append(changes, Change{n.Key, old[i].New, n.New})
		}
	}
	for _, o := range old {
		if !slices.ContainsFunc(now, func(c Change) bool { return c.Key == o.Key }) {
			changes = append(changes, Change{o.Key, o.New, ""})
		}
	}
	return changes
}

// flat is every key with its value as New.
func (e *Experiment) flat() []Change {
	var list []Change
	e.each(func(string) {}, func(path, name string, v schema.Value) {
		list = append(list, Change{Key: path + "." + name, New: v.String()})
	})
	return list
}

// mayDiffer are the keys that a resumed run may change, as no trained byte depends
// on them: what is logged, kept and probed, where training stops early, and on how
// many threads and in how much memory.
var mayDiffer = []string{
	"experiment.notes",
	"train.workers", "train.memory", "train.steps", "train.checkpoint_every_epochs", "train.keep_checkpoints",
	"train.log_every_steps", "train.check_finite",
	"eval.",
}

// Breaking keeps the changes that make a resumed run another experiment.
func Breaking(changes []Change) []Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return free(c.Key) })
}

func free(key string) bool {
	if strings.HasPrefix(key, modules+".") && strings.HasSuffix(key, ".from") {
		return true // what is there is bound by its hash
	}
	return slices.ContainsFunc(mayDiffer, func(k string) bool {
		return key == k || strings.HasSuffix(k, ".") && strings.HasPrefix(key, k)
	})
}
