package experiment

import (
	"slices"
	"strings"

	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx"
)

const modules = "modules"

// modulesSection has a table for each network that the pretext task takes from
// elsewhere, by the name that the task gives it.
func modulesSection() Section {
	return Section{Name: modules, Named: true, Doc: "networks of other runs that the pretext task uses as they are, by its names for them", Rows: []Row{
		row(schema.String, "from", "a run's directory, a checkpoint, or another safetensors file, from the working directory"),
		row(schema.String, "module", "which module of the checkpoint or file; without it, of a run the encoder that it exported, of a file all of it", optional),
		row(schema.String, "sha256", "of the file that is read; without it whatever is there, whose hash the run keeps", optional),
	}}
}

// Module is a network of another run or of a file.
type Module struct {
	Name         string // in the pretext task
	From, Module string // "": see the section
	SHA256       string // "" where any content will do
}

// Modules is every [modules.NAME], in the file's order.
func (e *Experiment) Modules() (list []Module) {
	for i := range e.tables {
		t := &e.tables[i]
		if name, ok := strings.CutPrefix(t.path, modules+"."); ok {
			list = append(list, Module{Name: name, From: t.str("from"), Module: t.str("module"), SHA256: t.str("sha256")})
		}
	}
	return list
}

// Bound is the experiment with the hash of what a module was read from.
func (e *Experiment) Bound(name, sha256 string) *Experiment {
	bound := *e
	bound.tables = slices.Clone(e.tables)
	for i, t := range bound.tables {
		if t.path == modules+"."+name {
			values := slices.DeleteFunc(slices.Clone(t.values), func(v schema.Named) bool { return v.Name == "sha256" })
			bound.tables[i].values = append(values, schema.Named{Name: "sha256", Value: schema.OfString(sha256)})
		}
	}
	return &bound
}

// namedSection reads a table for each name.
func (v *validation) namedSection(s *Section) {
	n, r := v.section(s.Name)
	if n == nil {
		return
	}
	for _, f := range n.Fields {
		if nameOf(f.Name) != f.Name || strings.Contains(f.Name, ".") {
			r.Node(f.Name)
			v.ps.Add(f.Key, "%s: expected a module's name, of letters, digits, '_' and '-'", f.Path)
			continue
		}
		if table := r.Table(f.Name); table != nil {
			inner := tomlx.NewReader(table, &v.ps)
			v.readers[s.Name] = append(v.readers[s.Name], inner)
			v.e.tables = append(v.e.tables, s.read(table, inner, &v.ps))
		}
	}
}

func (v *validation) modulesTogether() {
	for _, m := range v.e.Modules() {
		const digits = "0123456789abcdef"
		if m.SHA256 != "" && (len(m.SHA256) != 64 || strings.Trim(m.SHA256, digits) != "") {
			v.at(modules+"."+m.Name+".sha256", "expected 64 hexadecimal digits, found %q", m.SHA256)
		}
	}
}
