package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx"
)

// Document is the text of an experiment with its overrides, parsed but unchecked.
type Document struct {
	file string
	root *tomlx.Node
	ps   tomlx.Problems // of the overrides
}

// Parse reads TOML. file is the name that errors carry. sets are assignments as
// --set takes them, "train.epochs=10", applied in order; what is wrong with one is
// reported by Validate, among all other problems.
func Parse(file string, src []byte, sets ...string) (*Document, error) {
	root, err := tomlx.Parse(file, src)
	if err != nil {
		return nil, err
	}
	d := &Document{file: file, root: root}
	tomlx.Set(root, "--set", sets, &d.ps)
	return d, nil
}

// Validate checks every key of the document and fills in the defaults. The error
// is a [tomlx.Errors] with all problems, sorted by place.
func Validate(d *Document, known Plugins) (*Experiment, error) {
	v := &validation{
		Document: d, known: known, ps: d.ps,
		e:       &Experiment{file: d.file, where: map[string]string{}},
		readers: map[string][]*tomlx.Reader{},
	}
	v.top = tomlx.NewReader(d.root, &v.ps)
	for _, s := range Sections() {
		if s.Name != localization { // the crop strategy decides, with the plugins
			v.fixedSection(&s)
		}
	}
	v.pluginSections()
	v.together()
	v.strangers()
	if err := v.ps.Err(); err != nil {
		return nil, err
	}
	v.places(d.root)
	return v.e, nil
}

// Read is Parse and Validate of a file.
func Read(file string, known Plugins, sets ...string) (*Experiment, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("experiment: %w", err)
	}
	defer f.Close()
	src, err := tomlx.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("experiment: %s: %w", file, err)
	}
	d, err := Parse(file, src, sets...)
	if err != nil {
		return nil, err
	}
	return Validate(d, known)
}

// validation is a document on its way to an experiment.
type validation struct {
	*Document
	known   Plugins
	ps      tomlx.Problems
	e       *Experiment
	top     *tomlx.Reader
	readers map[string][]*tomlx.Reader // by section
	unread  []string                   // sections whose keys are not known
}

// section is the table of that name, or an empty one in its place. It is nil when
// something else has the name, which is noted.
func (v *validation) section(name string) (*tomlx.Node, *tomlx.Reader) {
	n := v.top.Table(name)
	if n == nil {
		if v.root.Field(name) != nil {
			return nil, nil
		}
		n = tomlx.Absent(name, tomlx.Pos{File: v.file})
	}
	r := tomlx.NewReader(n, &v.ps)
	v.readers[name] = append(v.readers[name], r)
	return n, r
}

func (v *validation) fixedSection(s *Section) {
	if s.Named {
		v.namedSection(s)
		return
	}
	if !s.List {
		if n, r := v.section(s.Name); n != nil {
			v.e.tables = append(v.e.tables, s.read(n, r, &v.ps))
		}
		return
	}
	for _, n := range v.top.Tables(s.Name) {
		r := tomlx.NewReader(n, &v.ps)
		v.readers[s.Name] = append(v.readers[s.Name], r)
		v.e.tables = append(v.e.tables, s.read(n, r, &v.ps))
	}
}

// blind marks a section of which no key can be judged.
func (v *validation) blind(section string) { v.unread = append(v.unread, section) }

// strangers notes the keys that nothing asked for, with the section where they
// would be known.
func (v *validation) strangers() {
	v.top.Done(v.belongs)
	for name, rs := range v.readers {
		isBlind := false
		for _, u := range v.unread {
			isBlind = isBlind || u == name
		}
		for _, r := range rs {
			if !isBlind {
				r.Done(v.belongs)
			}
		}
	}
}

func (v *validation) belongs(key string) string {
	var in []string
	for _, kind := range Kinds() {
		for _, r := range v.readers[kind] {
			if key != "use" && r.Knows(key) {
				in = append(in, kind)
			}
		}
	}
	for _, s := range Sections() {
		for i := range s.Rows {
			if s.Rows[i].Name == key && (len(in) == 0 || in[len(in)-1] != s.Name) {
				in = append(in, s.Name)
			}
		}
	}
	if len(in) == 0 {
		return ""
	}
	return "; it belongs in [" + strings.Join(in, "] or [") + "]"
}

// together checks what several keys say.
func (v *validation) together() {
	e := v.e
	name, ok := e.table("experiment").get("name")
	if !ok {
		base := strings.TrimSuffix(filepath.Base(v.file), filepath.Ext(v.file))
		t := e.table("experiment")
		t.values = append([]schema.Named{{Name: "name", Value: schema.OfString(nameOf(base))}}, t.values...)
	} else if nameOf(name.S) != name.S {
		v.at("experiment.name", "expected at most 64 letters, digits, '.', '_' or '-', as it becomes a folder's name, found %s", name)
	}
	v.optimTogether()
	v.trainTogether()
	v.localizationTogether()
	v.modulesTogether()
	if c, ok := e.table("data").get("channels"); ok && c.I == 2 {
		v.at("data.channels", "expected 1 or 3, found 2")
	}
	for _, t := range e.tables {
		if seeds, ok := t.get("seeds"); ok && len(seeds.Is) == 0 {
			v.at(t.path+".seeds", "expected at least one seed, found none")
		}
	}
}

func (v *validation) trainTogether() {
	t := v.e.table("train")
	if m, ok := t.get("memory"); ok {
		if _, err := parseBytes(m.S); err != nil {
			v.at("train.memory", "%v, found %s", err, m)
		}
	}
	batch, ok := t.get("batch_size")
	if micro, is := t.get("micro_batch"); is && ok && micro.I > 0 && batch.I%micro.I != 0 {
		v.at("train.micro_batch", "expected a divisor of train.batch_size (%d), found %d; the nearest below is %d", batch.I, micro.I, divisorBelow(batch.I, micro.I))
	}
}

// divisorBelow is the largest divisor of n that is not above most.
func divisorBelow(n, most int64) int64 {
	for d := min(n, most); ; d-- {
		if n%d == 0 {
			return d
		}
	}
}

const noRate = "missing a learning rate; give base_lr (at batch 256) or lr"

func (v *validation) optimTogether() {
	t, train := v.e.table("optim"), v.e.table("train")
	_, hasBase := t.get("base_lr")
	_, hasLR := t.get("lr")
	n := v.root.Field("optim")
	switch {
	case hasBase && hasLR:
		v.at("optim.lr", "base_lr is given too; base_lr is scaled by batch_size/256, lr is taken as it is: keep one")
	case n == nil:
		v.ps.Add(tomlx.Pos{File: v.file}, "optim: %s", noRate)
	case n.Kind == tomlx.Table && n.Field("lr") == nil && n.Field("base_lr") == nil:
		v.ps.Add(n.Key, "optim: %s", noRate)
	}
	_, all := t.get("clip_grad_norm")
	if _, each := t.get("clip_grad_norm_each"); all && each {
		v.at("optim.clip_grad_norm_each", "clip_grad_norm is given too: keep the bound of all gradients together, or that of each")
	}
	if nesterov, ok := t.get("nesterov"); ok && nesterov.Bool() && t.num("momentum") == 0 {
		v.at("optim.nesterov", "expected a momentum above 0 to look along, found none")
	}
	if betas, ok := t.get("betas"); ok && len(betas.Fs) != 2 {
		v.at("optim.betas", "expected two numbers, found %s", betas)
	}
	epochs, ok := train.get("epochs")
	if !ok {
		return
	}
	if w, ok := t.get("warmup_epochs"); ok && w.F > float64(epochs.I) {
		v.at("optim.warmup_epochs", "expected at most train.epochs (%d), found %s", epochs.I, w)
	}
	if m, ok := t.get("milestones"); ok {
		last := int64(0)
		for _, x := range m.Is {
			if x <= last || x >= epochs.I {
				v.at("optim.milestones", "expected rising epochs below train.epochs (%d), found %s", epochs.I, m)
				break
			}
			last = x
		}
		if len(m.Is) == 0 {
			v.at("optim.milestones", "expected at least one epoch, found none")
		}
	}
	if min, ok := t.get("min_lr"); ok && (hasBase || hasLR) && v.hasBatch() {
		if peak := v.e.Optim().Peak(v.e.Train().BatchSize); min.F > peak {
			v.at("optim.min_lr", "expected at most the peak rate (%s), found %s", schema.OfFloat(peak), min)
		}
	}
}

func (v *validation) hasBatch() bool {
	_, ok := v.e.table("train").get("batch_size")
	return ok
}

// at notes a problem with the value of a dotted path.
func (v *validation) at(path, format string, args ...any) {
	pos := tomlx.Pos{File: v.file}
	n := v.root
	for part := range strings.SplitSeq(path, ".") {
		if n.Kind == tomlx.List {
			for _, item := range n.Items {
				if item.Name == part {
					n = item
					break
				}
			}
		} else {
			n = n.Field(part)
		}
		if n == nil {
			break
		}
		pos = n.At
	}
	v.ps.Add(pos, "%s: %s", path, fmt.Sprintf(format, args...))
}

// places remembers where every key stood.
func (v *validation) places(n *tomlx.Node) {
	for _, f := range n.Fields {
		v.e.where[f.Path] = f.Key.String()
		v.places(f)
	}
	for _, item := range n.Items {
		v.e.where[item.Path] = item.Key.String()
		v.places(item)
	}
}

// nameOf is s as a folder's name.
func nameOf(s string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '-'
	}, s)
	name = strings.TrimLeft(name[:min(len(name), 64)], ".-")
	if name == "" {
		return "experiment"
	}
	return name
}
