package registry

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/schema"
)

// Changes lists how a manifest differs from an older one, a line each.
func Changes(old, new *Manifest) []string {
	d := differences{words: "%s: %s -> %s"}
	a, b := &old.Info, &new.Info
	d.text("version", a.Version, b.Version)
	d.text("kind", a.Kind, b.Kind)
	d.text("style", a.Style, b.Style)
	d.text("signature", a.Signature, b.Signature)
	d.text("doc", quoted(a.Doc), quoted(b.Doc))
	d.text("licence", old.Licence, new.Licence)
	d.text("asks for", strings.Join(old.Capabilities, ", "), strings.Join(new.Capabilities, ", "))
	d.text("memory in MiB", number(old.Limits.MemoryMiB), number(new.Limits.MemoryMiB))
	d.text("fuel", number(old.Limits.Fuel), number(new.Limits.Fuel))
	d.text("default loss", a.DefaultLoss, b.DefaultLoss)
	d.text("default crop", a.DefaultCrop, b.DefaultCrop)
	d.text("default augment", a.DefaultAugment, b.DefaultAugment)
	d.params(a.Params, b.Params)
	d.artifacts(old.Artifacts, new.Artifacts)
	return d.list
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// params compares parameters by name.
func (d *differences) params(old, new []schema.Param) {
	byName := func(list []schema.Param, name string) *schema.Param {
		if i := slices.IndexFunc(list, func(p schema.Param) bool { return p.Name == name }); i >= 0 {
			return &list[i]
		}
		return nil
	}
	for i := range old {
		if p := byName(new, old[i].Name); p != nil {
			d.param(&old[i], p)
		} else {
			d.text("parameter "+old[i].Name, string(old[i].Type), "")
		}
	}
	for i := range new {
		if p := &new[i]; byName(old, p.Name) == nil {
			d.text("parameter "+p.Name, "", fmt.Sprintf("%s %s", p.Type, orNothing(defaultOf(p))))
		}
	}
}

// artifacts compares hashes by carrier and platform.
func (d *differences) artifacts(old, new []Artifact) {
	sums := [2]map[string]string{}
	var names []string
	for i, list := range [][]Artifact{old, new} {
		sums[i] = map[string]string{}
		for _, a := range list {
			name := a.Carrier + " on " + a.Platform
			sums[i][name] = short(a.SHA256)
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		d.text(name, sums[0][name], sums[1][name])
	}
}
