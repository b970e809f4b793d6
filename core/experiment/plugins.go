package experiment

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx"
)

// None in place of a plugin means to do without: a crop, an augmentation or a loss
// that the pretext task would otherwise bring.
const None = "none"

// Spec is what an experiment must know of a plugin.
type Spec struct {
	ID, Version string
	Params      []schema.Param
	// Of a pretext task: the plugins it is published with, "" for none.
	DefaultLoss, DefaultCrop, DefaultAugment string
	// Of a crop strategy: it goes by boxes, which [localization] is about.
	Boxes bool
}

// Plugins answers what plugins there are; a registry does.
type Plugins interface {
	// Lookup finds the plugin of a kind that `use` names: "id", "id@version" or
	// "./directory". Its error needs no place: "unknown loss ...".
	Lookup(kind, use string) (Spec, error)
}

// Plugin is a plugin of the experiment with every parameter.
type Plugin struct {
	Kind    string
	Use     string // as written; "none" when there is none
	ID      string // "" when there is none
	Version string
	Params  []schema.Named // in the order of its schema
}

// pluginSections reads the sections of all kinds, the pretext task first, since it
// names what stands in the place of others.
func (v *validation) pluginSections() {
	pretext, spec := v.plugin(Pretext, "", false)
	v.e.plugins = append(v.e.plugins, pretext)
	for _, d := range []struct{ kind, use string }{
		{Backbone, ""}, {Augment, spec.DefaultAugment}, {Loss, spec.DefaultLoss}, {Crop, spec.DefaultCrop},
	} {
		if d.use == "" && d.kind != Backbone && spec.ID != "" {
			d.use = None
		}
		p, s := v.plugin(d.kind, d.use, spec.ID == "" && d.kind != Backbone)
		v.e.plugins = append(v.e.plugins, p)
		if d.kind == Crop {
			v.localization(p, s)
		}
	}
	order := Kinds()
	slices.SortFunc(v.e.plugins, func(a, b Plugin) int {
		return slices.Index(order, a.Kind) - slices.Index(order, b.Kind)
	})
}

// plugin reads one section. fallback is used when the file names no plugin. lenient
// forgives that it does not, as when the pretext task is itself unknown.
func (v *validation) plugin(kind, fallback string, lenient bool) (Plugin, Spec) {
	n, r := v.section(kind)
	use := schema.Param{Name: "use", Type: schema.String}
	p := Plugin{Kind: kind, Use: fallback}
	if n == nil {
		return p, Spec{}
	}
	at, subject := n.Key, kind+".use"
	given := r.Node("use")
	switch {
	case given != nil:
		value, ok := given.Check(&use, &v.ps)
		if !ok {
			v.blind(kind)
			return p, Spec{}
		}
		p.Use, at = value.S, given.At
	case fallback == "":
		if !lenient {
			r.Missing("use", "expected the id of a "+kind+" plugin")
		}
		v.blind(kind)
		return p, Spec{}
	default:
		if len(n.Fields) == 0 {
			at = v.pretextAt()
		}
		subject = kind + ": the pretext task's default"
	}
	if p.Use == None && (kind == Loss || kind == Crop || kind == Augment) {
		for _, f := range n.Fields {
			if f != given {
				v.ps.Add(f.Key, "%s: no %s is used, so it takes no parameters", f.Path, kind)
			}
		}
		v.blind(kind)
		return p, Spec{}
	}
	spec, err := v.known.Lookup(kind, p.Use)
	if err != nil {
		v.ps.Add(at, "%s: %v", subject, err)
		v.blind(kind)
		return p, Spec{}
	}
	p.ID, p.Version = spec.ID, spec.Version
	for i := range spec.Params {
		if value, ok := r.Need(&spec.Params[i]); ok {
			p.Params = append(p.Params, schema.Named{Name: spec.Params[i].Name, Value: value})
		}
	}
	return p, spec
}

// pretextAt is where the pretext task is named.
func (v *validation) pretextAt() tomlx.Pos {
	if n := v.root.Field(Pretext); n.Field("use") != nil {
		return n.Field("use").At
	}
	return tomlx.Pos{File: v.file}
}

// resolvedUse is how the canonical form names the plugin: by version, unless it
// lies in a directory.
func (p *Plugin) resolvedUse() string {
	if p.ID == "" || IsPath(p.Use) {
		return p.Use
	}
	return fmt.Sprintf("%s@%s", p.ID, p.Version)
}

// IsPath reports whether a `use` names a plugin's directory rather than its id.
func IsPath(use string) bool {
	if use == "." || use == ".." || filepath.IsAbs(use) {
		return true
	}
	first, _, _ := strings.Cut(filepath.ToSlash(use), "/")
	return first != use && (first == "." || first == "..")
}
