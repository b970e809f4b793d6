package registry

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/tomlx"
)

// Listing is a registry.toml that is edited: lines are added and taken away, and all
// others stay as their author wrote them.
type Listing struct {
	Plugins []Listed
	lines   []string
}

// Listed is a plugin's folder in a listing.
type Listed struct {
	Manifest Manifest
	Folder   string // as the file has it, joined to the file's own
	Source   string // where it was installed from, "" if it was not
	From     string // place of its line
	Broken   error  // why its manifest cannot be read
	entry    *entry
}

// Name is "id@version", or the place of an entry whose manifest cannot be read.
func (p *Listed) Name() string {
	if p.Broken != nil {
		return p.From
	}
	return p.Manifest.Info.ID + "@" + p.Manifest.Info.Version
}

// ReadListing reads the text of the registry at a path. Entries without a manifest stay
// out of Plugins.
func ReadListing(file string, src []byte) (*Listing, error) {
	entries, err := parseEntries(file, src, 0, AnyPlatform)
	if err != nil {
		return nil, err
	}
	l := &Listing{lines: strings.SplitAfter(string(src), "\n")}
	for _, e := range entries {
		if !e.inline {
			l.Plugins = append(l.Plugins, Listed{Manifest: e.manifest, Folder: e.dir, Source: e.source, From: e.from, Broken: e.broken, entry: e})
		}
	}
	return l, nil
}

// Added is the listing with one plugin more, whose folder is as the file will have it.
func (l *Listing) Added(folder, source string) []byte {
	var w tomlx.Writer
	w.Item("plugin")
	w.SetString("manifest", folder)
	w.SetString("source", source)
	text := strings.Join(l.lines, "")
	switch {
	case text == "":
	case strings.HasSuffix(text, "\n"):
		text += "\n"
	default:
		text += "\n\n"
	}
	return append([]byte(text), w.Bytes()...)
}

// Removed is the listing without a plugin: the lines of its [[plugin]], and one empty
// line after or before them.
func (l *Listing) Removed(p *Listed) ([]byte, error) {
	first, last := p.entry.first-1, p.entry.last
	if header := l.lines[first]; strings.TrimSpace(header) != "[[plugin]]" {
		return nil, fmt.Errorf("%s: expected a line [[plugin]], found %q; take the entry out by hand", p.From, strings.TrimSpace(header))
	}
	empty := func(i int) bool { return i >= 0 && i < len(l.lines) && strings.TrimSpace(l.lines[i]) == "" }
	switch {
	case empty(last) && last < len(l.lines)-1:
		last++
	case empty(first - 1):
		first--
	}
	text := strings.Join(slices.Delete(slices.Clone(l.lines), first, last), "")
	if again, err := ReadListing(p.entry.file, []byte(text)); err != nil || len(again.Plugins) != len(l.Plugins)-1 {
		return nil, fmt.Errorf("%s: the entry is not one key a line; take it out by hand", p.From)
	}
	return []byte(text), nil
}
