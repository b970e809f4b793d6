package experiment

import (
	"slices"

	"github.com/fwlab/fw/core/schema"
)

// localization reads the section of a crop strategy that goes by boxes, and
// refuses it for any other.
func (v *validation) localization(crop Plugin, spec Spec) {
	if spec.Boxes {
		n, r := v.section(localization)
		if n == nil {
			return
		}
		s := localizationSection()
		v.e.tables = slices.Insert(v.e.tables, min(2, len(v.e.tables)), s.read(n, r, &v.ps))
		return
	}
	n, _ := v.section(localization)
	v.blind(localization)
	switch given := v.root.Field(localization); {
	case n == nil || given == nil:
	case crop.Use == None:
		v.ps.Add(given.Key, "localization: boxes are for a crop strategy, and there is none")
	case spec.ID != "":
		v.ps.Add(given.Key, "localization: crop %q does not go by boxes; leave the section out, or use a crop that does", spec.ID)
	}
}

// localizationTogether fills in epochs that depend on how many there are, and
// checks what several keys say.
func (v *validation) localizationTogether() {
	t := v.e.table(localization)
	box, ok := t.get("init_box")
	if !ok {
		return
	}
	if b := box.Fs; len(b) != 4 || b[0] > b[2] || b[1] > b[3] {
		v.at("localization.init_box", "expected top, left, bottom and right edge, as [0.25, 0.25, 0.75, 0.75], found %s", box)
	}
	epochs, ok := v.e.table("train").get("epochs")
	if !ok {
		return
	}
	fifth := schema.OfInt(int(max(1, epochs.I/5)))
	for i, name := range []string{"warmup_epochs", "every_epochs"} { // the section's first rows
		if _, given := t.get(name); !given {
			t.values = slices.Insert(t.values, min(i, len(t.values)), schema.Named{Name: name, Value: fifth})
		}
	}
	if w, _ := t.get("warmup_epochs"); w.I > epochs.I {
		v.at("localization.warmup_epochs", "expected at most train.epochs (%d), which means plain crops throughout, found %s", epochs.I, w)
	}
}
