package registry

import (
	"fmt"
	"os"
	"strings"

	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx"
)

// ParseManifest reads plugin.toml strictly. file is the name that errors carry;
// the error is a [tomlx.Errors] with every problem.
func ParseManifest(file string, src []byte) (Manifest, error) {
	root, err := tomlx.Parse(file, src)
	if err != nil {
		return Manifest{}, err
	}
	var ps tomlx.Problems
	m := readManifest(root, &ps)
	return m, ps.Err()
}

func readManifest(root *tomlx.Node, ps *tomlx.Problems) (m Manifest) {
	r := tomlx.NewReader(root, ps)
	i := &m.Info
	i.ID = checked(r, root, ps, "id", validID, idWords)
	i.Version = checked(r, root, ps, "version", IsVersion, versionWords)
	i.Kind = need(r, &schema.Param{Name: "kind", Type: schema.String, Choices: experiment.Kinds()}).S
	i.Doc = text(r, "doc")
	m.Licence = text(r, "licence")
	i.Style = need(r, &schema.Param{Name: "style", Type: schema.String, Choices: []string{"trace", "crop", "eval"}}).S
	i.Signature = text(r, "signature")
	if i.Kind == experiment.Loss && i.Signature == "" && root.Field("signature") == nil {
		r.Missing("signature", "expected what the loss compares, as contrast or classify")
	}
	m.ABI = int(need(r, atLeastOne("abi")).I)
	m.IRMin, m.IRMax = irRange(r, root, ps)
	m.Capabilities = capabilities(r, root, ps)
	if t := r.Table("defaults"); t != nil {
		i.DefaultLoss, i.DefaultCrop, i.DefaultAugment = defaults(t, ps)
		if i.Kind != experiment.Pretext && i.Kind != "" {
			ps.Add(t.Key, "defaults: only a pretext task has them, this is of kind %s", i.Kind)
		}
	}
	if t := r.Table("limits"); t != nil {
		l := tomlx.NewReader(t, ps)
		m.Limits.MemoryMiB = int(need(l, &schema.Param{Name: "memory_mib", Type: schema.Int, Default: schema.OfInt(0), HasMin: true, HasMax: true, Max: 1 << 20}).I)
		m.Limits.Fuel = int(need(l, &schema.Param{Name: "fuel", Type: schema.Int, Default: schema.OfInt(0), HasMin: true, HasMax: true, Max: 1e12}).I)
		l.Done(nil)
	}
	i.Params = params(r, ps)
	m.Artifacts = artifacts(r, ps)
	r.Done(nil)
	return m
}

const versionWords = "expected MAJOR.MINOR.PATCH, as 1.0.2 or 2.0.0-rc.1"

// IsVersion reports whether s is MAJOR.MINOR.PATCH, with a prerelease or not.
func IsVersion(s string) bool { _, ok := parseVersion(s); return ok }

func atLeastOne(name string) *schema.Param {
	return &schema.Param{Name: name, Type: schema.Int, HasMin: true, Min: 1, HasMax: true, Max: 1 << 30}
}

func need(r *tomlx.Reader, p *schema.Param) schema.Value {
	v, _ := r.Need(p)
	return v
}

// text is a string that may be absent.
func text(r *tomlx.Reader, name string) string {
	v, _ := r.Value(&schema.Param{Name: name, Type: schema.String, Default: schema.OfString("")})
	return v.S
}

// checked is a string that must be there and of a form.
func checked(r *tomlx.Reader, table *tomlx.Node, ps *tomlx.Problems, name string, valid func(string) bool, words string) string {
	v, ok := r.Need(&schema.Param{Name: name, Type: schema.String})
	if n := table.Field(name); ok && !valid(v.S) {
		ps.Add(n.At, "%s: %s, found %s", n.Path, words, n.Found())
	}
	return v.S
}

func irRange(r *tomlx.Reader, root *tomlx.Node, ps *tomlx.Problems) (least, most int) {
	v, ok := r.Need(&schema.Param{Name: "ir", Type: schema.Ints, HasMin: true, Min: 1, HasMax: true, Max: 1 << 30})
	if !ok {
		return 0, 0
	}
	if len(v.Is) != 2 || v.Is[0] > v.Is[1] {
		ps.Add(root.Field("ir").At, "ir: expected the least and the newest version, as [1, 1], found %s", v)
		return 0, 0
	}
	return int(v.Is[0]), int(v.Is[1])
}

func capabilities(r *tomlx.Reader, root *tomlx.Node, ps *tomlx.Problems) []string {
	list := r.Strings("capabilities")
	p := schema.Param{Name: "capabilities", Type: schema.String, Choices: Capabilities()}
	for i, c := range list {
		if _, err := p.Check(schema.OfString(c)); err != nil {
			ps.Add(root.Field("capabilities").Items[i].At, "capabilities.%d: %v", i, err)
		}
	}
	return list
}

func defaults(t *tomlx.Node, ps *tomlx.Problems) (loss, crop, augment string) {
	r := tomlx.NewReader(t, ps)
	read := func(name string) string {
		s := text(r, name)
		if s != "" && !validID(s) {
			n := t.Field(name)
			ps.Add(n.At, "%s: %s, found %s", n.Path, idWords, n.Found())
		}
		return s
	}
	loss, crop, augment = read("loss"), read("crop"), read("augment")
	r.Done(nil)
	return loss, crop, augment
}

func params(r *tomlx.Reader, ps *tomlx.Problems) (list []schema.Param) {
	seen := map[string]bool{}
	for _, n := range r.Tables("param") {
		p := param(n, ps)
		switch {
		case p.Name == "use":
			ps.Add(n.Key, "%s: the name \"use\" is taken: it names the plugin in an experiment", n.Path)
		case p.Name != "" && seen[p.Name]:
			ps.Add(n.Key, "%s: parameter %s is given twice", n.Path, p.Name)
		}
		seen[p.Name] = true
		list = append(list, p)
	}
	return list
}

// param reads one [[param]].
func param(n *tomlx.Node, ps *tomlx.Problems) (p schema.Param) {
	var here tomlx.Problems
	r := tomlx.NewReader(n, &here)
	p.Name = r.String("name")
	p.Type = schema.Type(need(r, &schema.Param{Name: "type", Type: schema.String, Choices: schema.TypeNames()}).S)
	bound := func(name string) (float64, bool) {
		v, ok := r.Value(&schema.Param{Name: name, Type: schema.Float})
		return v.F, ok
	}
	p.Min, p.HasMin = bound("min")
	p.Max, p.HasMax = bound("max")
	flag := func(name string) bool {
		v, _ := r.Value(&schema.Param{Name: name, Type: schema.Bool, Default: schema.OfBool(false)})
		return v.Bool()
	}
	p.MinOpen, p.MaxOpen = flag("min_open"), flag("max_open")
	p.Choices = r.Strings("choices")
	p.Doc = text(r, "doc")
	if d := r.Node("default"); d != nil && p.Type != "" {
		p.Default, _ = d.Check(&p, &here)
	}
	r.Done(nil)
	if here.Err() == nil {
		if err := p.Verify(); err != nil {
			here.Add(n.Key, "%s: %v", n.Path, err)
		}
	}
	ps.Merge(&here)
	return p
}

func artifacts(r *tomlx.Reader, ps *tomlx.Problems) (list []Artifact) {
	for _, n := range r.Tables("artifact") {
		ar := tomlx.NewReader(n, ps)
		a := artifact(ar, n, ps, "path", "")
		ar.Done(nil)
		for _, other := range list {
			if other.Carrier == a.Carrier && other.Platform == a.Platform {
				ps.Add(n.Key, "%s: a second artifact for %s on %s", n.Path, a.Carrier, a.Platform)
			}
		}
		list = append(list, a)
	}
	return list
}

// artifact reads the keys of one artifact. platform is that of a process which names
// none; "" when it must.
func artifact(r *tomlx.Reader, n *tomlx.Node, ps *tomlx.Problems, pathKey, platform string) (a Artifact) {
	a.Carrier = need(r, &schema.Param{Name: "carrier", Type: schema.String, Choices: []string{WASM, Process}}).S
	given := r.Node("platform")
	switch {
	case given != nil:
		a.Platform = checked(r, n, ps, "platform", validPlatform, `expected "any" or as "linux/amd64"`)
		if a.Carrier == WASM && a.Platform != "" && a.Platform != AnyPlatform {
			ps.Add(given.At, "%s: a module runs everywhere: expected %q, found %q", given.Path, AnyPlatform, a.Platform)
		}
	case a.Carrier == WASM:
		a.Platform = AnyPlatform
	case platform != "":
		a.Platform = platform
	case a.Carrier == Process:
		r.Missing("platform", `expected "any" or as "linux/amd64"`)
	}
	a.Path = checked(r, n, ps, pathKey, ValidPath, "expected a path within the folder, with forward slashes")
	a.SHA256 = checked(r, n, ps, "sha256", validSHA256, "expected 64 lower-case hexadecimal digits")
	return a
}

// readFile reads a small file that someone else may have put there.
func readFile(path string) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := tomlx.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// openRegular opens a file, and not a pipe or a device, which could block.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: expected a file, found %s", path, strings.ToLower(info.Mode().Type().String()))
	}
	return os.Open(path)
}
