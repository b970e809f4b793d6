package registry

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/wire"
)

// CheckSelf compares a manifest with what the running plugin says of itself, and
// lists each difference. A host refuses a plugin whose words and manifest differ:
// the experiment was checked against the manifest.
func CheckSelf(m *Manifest, said wire.DescribeReply) error {
	d := differences{words: "%s: manifest %s, plugin %s"}
	found := slices.IndexFunc(said.Plugins, func(p wire.PluginInfo) bool { return p.ID == m.Info.ID })
	if found < 0 {
		var ids []string
		for _, p := range said.Plugins {
			ids = append(ids, strconv.Quote(p.ID))
		}
		d.list = append(d.list, "the artifact has no such plugin, only "+strings.Join(ids, ", "))
	} else {
		d.info(&m.Info, &said.Plugins[found])
	}
	d.text("abi", strconv.Itoa(m.ABI), strconv.Itoa(said.ABI))
	if v := said.IRVersion; v < m.IRMin || v > m.IRMax {
		d.text("ir", fmt.Sprintf("%d to %d", m.IRMin, m.IRMax), strconv.Itoa(v))
	}
	if d.list == nil {
		return nil
	}
	return fmt.Errorf("describe: plugin %q is not what its manifest says: %s; build it again so that its manifest is renewed", m.Info.ID, strings.Join(d.list, "; "))
}

type differences struct {
	words string // of a field, and the two sides
	list  []string
}

// text notes a difference in a field.
func (d *differences) text(field, a, b string) {
	if a != b {
		d.list = append(d.list, fmt.Sprintf(d.words, field, orNothing(a), orNothing(b)))
	}
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return schema.Quote(s)
}

func (d *differences) info(m, p *wire.PluginInfo) {
	d.text("version", m.Version, p.Version)
	d.text("kind", m.Kind, p.Kind)
	d.text("style", m.Style, p.Style)
	d.text("signature", m.Signature, p.Signature)
	d.text("doc", quoted(m.Doc), quoted(p.Doc))
	d.text("default loss", m.DefaultLoss, p.DefaultLoss)
	d.text("default crop", m.DefaultCrop, p.DefaultCrop)
	d.text("default augment", m.DefaultAugment, p.DefaultAugment)
	var names, saidNames []string
	for i := range m.Params {
		names = append(names, m.Params[i].Name)
	}
	for i := range p.Params {
		saidNames = append(saidNames, p.Params[i].Name)
	}
	if !slices.Equal(names, saidNames) {
		d.text("parameters", strings.Join(names, ", "), strings.Join(saidNames, ", "))
		return
	}
	for i := range m.Params {
		d.param(&m.Params[i], &p.Params[i])
	}
}

func (d *differences) param(m, p *schema.Param) {
	name := "parameter " + m.Name
	d.text(name+", type", string(m.Type), string(p.Type))
	d.text(name+", default", defaultOf(m), defaultOf(p))
	d.text(name+", range", m.Range(), p.Range())
	d.text(name+", doc", quoted(m.Doc), quoted(p.Doc))
}

func defaultOf(p *schema.Param) string {
	if p.Default.Type == "" {
		return ""
	}
	return p.Default.String()
}
