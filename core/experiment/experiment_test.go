package experiment_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx/tomltest"
)

// shelf is a registry of a few made-up plugins.
type shelf map[string]map[string]experiment.Spec

func (s shelf) Lookup(kind, use string) (experiment.Spec, error) {
	id, version, pinned := strings.Cut(use, "@")
	spec, ok := s[kind][id]
	if !ok {
		var names []string
		for name := range s[kind] {
			names = append(names, name)
		}
		slices.Sort(names)
		return experiment.Spec{}, fmt.Errorf("unknown %s %q%s", kind, id, schema.DidYouMean(id, names))
	}
	if pinned && version != spec.Version {
		return experiment.Spec{}, fmt.Errorf("%s %q has no version %s, only %s", kind, id, version, spec.Version)
	}
	return spec, nil
}

func number(name string, value, min, max float64) schema.Param {
	return schema.Param{Name: name, Type: schema.Float, Default: schema.OfFloat(value), HasMin: true, Min: min, HasMax: true, Max: max}
}

var plugins = shelf{
	"pretext": {
		"t/two-views": {ID: "t/two-views", Version: "1.2.0", DefaultLoss: "t/pull", DefaultCrop: "t/any", DefaultAugment: "t/colour", Params: []schema.Param{
			{Name: "hidden", Type: schema.Int, Default: schema.OfInt(512), HasMin: true, Min: 1},
		}},
		"t/alone": {ID: "t/alone", Version: "1.0.0"},
		"t/needy": {ID: "t/needy", Version: "1.0.0", DefaultLoss: "t/gone", Params: []schema.Param{{Name: "table", Type: schema.Ints}}},
	},
	"loss": {"t/pull": {ID: "t/pull", Version: "1.0.0", Params: []schema.Param{number("temperature", 0.5, 0, 10), {Name: "symmetric", Type: schema.Bool, Default: schema.OfBool(true)}}}},
	"crop": {
		"t/any":   {ID: "t/any", Version: "1.0.0", Params: []schema.Param{number("min_scale", 0.08, 0, 1)}},
		"t/boxed": {ID: "t/boxed", Version: "1.0.0", Boxes: true},
	},
	"augment": {"t/colour": {ID: "t/colour", Version: "0.9.1", Params: []schema.Param{
		number("strength", 1, 0, 2), {Name: "order", Type: schema.String, Default: schema.OfString("random"), Choices: []string{"random", "fixed"}},
	}}},
	"backbone": {
		"t/net":  {ID: "t/net", Version: "2.0.0", Params: []schema.Param{{Name: "widths", Type: schema.Ints, Default: schema.OfInts(16, 32)}}},
		"./mine": {ID: "me/net", Version: "0.0.1"},
	},
}

const smallest = `[data]
dataset = "synthetic"
[backbone]
use = "t/net"
[pretext]
use = "t/two-views"
[optim]
base_lr = 0.1
[train]
epochs = 2
`

func parse(src string, sets ...string) (*experiment.Experiment, error) {
	d, err := experiment.Parse("x.toml", []byte(src), sets...)
	if err != nil {
		return nil, err
	}
	return experiment.Validate(d, plugins)
}

func must(t *testing.T, src string, sets ...string) *experiment.Experiment {
	t.Helper()
	e, err := parse(src, sets...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Each golden file is an experiment with overrides, and either its errors or its
// resolved form.
func TestGolden(t *testing.T) {
	tomltest.Golden(t, "testdata/*.txt", func(t *testing.T, parts map[string]string) string {
		src := strings.ReplaceAll(parts["x.toml"], "SMALLEST\n", smallest)
		e, err := parse(src, strings.Fields(parts["set"])...)
		if err != nil {
			return err.Error()
		}
		return string(e.Resolved())
	})
}

func TestResolvedReadsBack(t *testing.T) {
	e := must(t, smallest, "data.path=x y", "data.dataset=folder", `experiment.notes="a \"b\"\n\u0007"`, "eval=[{protocol='knn'}, {protocol='linear', seeds=[1,2]}]", "crop.use=none")
	again := must(t, string(e.Resolved()))
	if got, want := string(again.Resolved()), string(e.Resolved()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if changes := experiment.Diff(e, again); len(changes) != 0 {
		t.Errorf("read back with changes %v", changes)
	}
	if e.Name() != "x" || e.Notes() != "a \"b\"\n\a" || len(e.Evals()) != 2 || e.Plugin(experiment.Crop).ID != "" {
		t.Errorf("got %q, %q, %v, %v", e.Name(), e.Notes(), e.Evals(), e.Plugin(experiment.Crop))
	}
}

// Every row of the language reaches the typed sections: another value of a key is
// another value of a field.
func TestEveryRowIsRead(t *testing.T) {
	for _, s := range experiment.Sections() {
		for _, row := range s.Rows {
			src := smallest + "[experiment]\nname = 'a'\n"
			var sets []string
			path := s.Name + "." + row.Name
			if s.Named {
				path = s.Name + ".x." + row.Name
				sets = append(sets, s.Name+".x.from=before")
			}
			if s.List {
				sets = append(sets, `eval=[{protocol="`+orFirst(row.When.In, "knn")+`"}]`)
			} else if row.When.Key != "" {
				sets = append(sets, s.Name+"."+row.When.Key+"="+row.When.In[0])
			}
			if s.Name == "data" && len(row.When.In) > 0 && row.When.In[0] != data.Synthetic && row.When.In[0] != data.Shapes {
				sets = append(sets, "data.path=somewhere")
			}
			if row.When.Key == "schedule" && row.When.In[0] == "step" {
				sets = append(sets, "optim.milestones=[1]", "train.epochs=30")
			}
			if row.Name == "lr" && s.Name == "optim" {
				src = strings.ReplaceAll(src, "base_lr = 0.1", "")
				sets = append(sets, "optim.lr=0.1")
			}
			if s.Name == "localization" {
				sets = append(sets, "crop.use=t/boxed", "train.epochs=30")
			}
			if row.Name == "dataset" {
				sets = append(sets, "data.dataset=fashion-mnist", "data.limit=1", "data.image_size=32", "data.channels=3", "data.train_split=train")
			}
			before := must(t, src, sets...)
			if s.List {
				path = s.Name + ".0." + row.Name
			}
			other := another(row.Param)
			switch path {
			case "train.memory":
				other = "2GB"
			case "train.micro_batch":
				other = "64"
			case "modules.x.sha256":
				other = strings.Repeat("0", 64)
			}
			after, err := parse(src, append(sets, path+"="+other)...)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			if reflect.DeepEqual(typed(before), typed(after)) {
				t.Errorf("%s = %s changes nothing that the sections return", path, other)
			}
		}
	}
}

func typed(e *experiment.Experiment) []any {
	boxes, _ := e.Localization()
	return []any{e.Name(), e.Seed(), e.Notes(), e.Data(), boxes, e.Optim(), e.Train(), e.Evals(), e.Modules()}
}

func orFirst(list []string, fallback string) string {
	if len(list) > 0 {
		return list[0]
	}
	return fallback
}

// another is a value that is neither the default nor the smallest experiment's.
func another(p schema.Param) string {
	switch {
	case p.Name == "betas":
		return "[0.5, 0.6]"
	case p.Name == "milestones":
		return "[3, 4]"
	case p.Name == "protocol":
		return "linear"
	case p.Name == "init_box":
		return "[0.25, 0.25, 0.75, 1]"
	case p.Name == "memory":
		return "2GB"
	case p.Name == "micro_batch":
		return "64"
	case p.Name == "min_lr":
		return "0.001"
	case p.Name == "channels":
		return schema.OfInt(4 - int(p.Default.I)).String()
	case p.Name == "dataset":
		return "synthetic"
	case len(p.Choices) > 0:
		for _, c := range p.Choices {
			if c != p.Default.S && c != "step" {
				return c
			}
		}
		return p.Choices[0]
	case p.Type == schema.Float:
		return "0.25"
	case p.Type == schema.Int:
		return schema.OfInt(7 + int(p.Min)).String()
	case p.Type == schema.Bool:
		return schema.OfBool(!p.Default.Bool()).String()
	case p.Type == schema.Ints:
		return "[5, 6]"
	}
	return "other"
}

// The rows themselves are sound: defaults in range, conditions on earlier keys,
// exclusive.
func TestSectionsAreSound(t *testing.T) {
	for _, s := range experiment.Sections() {
		if s.Doc == "" {
			t.Errorf("[%s] has no doc", s.Name)
		}
		seen := map[string][]string{}
		for i, r := range s.Rows {
			if err := r.Verify(); err != nil {
				t.Errorf("[%s]: %v", s.Name, err)
			}
			if r.Doc == "" {
				t.Errorf("%s.%s has no doc", s.Name, r.Name)
			}
			if r.When.Key != "" && !slices.ContainsFunc(s.Rows[:i], func(o experiment.Row) bool { return o.Name == r.When.Key && len(o.Choices) > 0 }) {
				t.Errorf("%s.%s depends on %s, which is no choice before it", s.Name, r.Name, r.When.Key)
			}
			for _, v := range r.When.In {
				if slices.Contains(seen[r.Name], v) {
					t.Errorf("%s.%s has two rows for %s", s.Name, r.Name, v)
				}
			}
			if before := seen[r.Name]; before != nil && r.When.Key == "" {
				t.Errorf("%s.%s has two rows", s.Name, r.Name)
			}
			seen[r.Name] = append(append(seen[r.Name], r.When.In...), "")
		}
	}
}

func TestWhere(t *testing.T) {
	e := must(t, smallest+"[loss]\ntemperature = 0.2\n[[eval]]\nprotocol = 'knn'\n", "train.batch_size=8")
	for path, want := range map[string]string{
		"loss.temperature": "x.toml:12:1",
		"loss.use":         "x.toml:11:2",
		"loss":             "x.toml:11:2",
		"crop.min_scale":   "x.toml:6:1", // the pretext task brought it
		"eval.0.k":         "x.toml:13:3",
		"train.batch_size": "--set train.batch_size=8",
		"experiment.seed":  "x.toml",
	} {
		if got := e.Where(path); got != want {
			t.Errorf("%s is at %s, want %s", path, got, want)
		}
	}
}

func TestDiff(t *testing.T) {
	a := must(t, smallest, "optim.schedule=step", "optim.milestones=[1]")
	b := must(t, smallest, "train.epochs=3", "train.workers=2", "loss.temperature=0.1", "eval=[{protocol='knn'}]", "crop.use=none", "experiment.notes=hm")
	var all, breaking []string
	for _, c := range experiment.Diff(a, b) {
		all = append(all, c.String())
	}
	for _, c := range experiment.Breaking(experiment.Diff(a, b)) {
		breaking = append(breaking, c.Key)
	}
	wantBreaking := []string{"loss.temperature", "crop.use", "optim.schedule", "optim.min_lr", "train.epochs", "crop.min_scale", "optim.milestones", "optim.gamma"}
	if !slices.Equal(breaking, wantBreaking) {
		t.Errorf("breaking %v, want %v", breaking, wantBreaking)
	}
	for _, want := range []string{
		`train.epochs: 2, now 3`, `train.workers: 0, now 2`, `crop.use: "t/any@1.0.0", now "none"`,
		`crop.min_scale: 0.08, now absent`, `eval.0.k: absent, now 200`, `experiment.notes: "", now "hm"`,
	} {
		if !slices.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, strings.Join(all, "\n"))
		}
	}
}

// A module is another one when its content is, wherever that lies, and an experiment
// keeps the hash that it was bound to.
func TestModulesAreBound(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	e := must(t, smallest, "modules.x.from=here", "modules.y.from=here")
	bound := e.Bound("x", a)
	if got := bound.Modules(); got[0].SHA256 != a || got[1].SHA256 != "" || e.Modules()[0].SHA256 != "" {
		t.Errorf("bound %v, before %v", got, e.Modules())
	}
	if again := must(t, string(bound.Resolved())); len(experiment.Diff(bound, again)) != 0 {
		t.Errorf("read back with changes %v", experiment.Diff(bound, again))
	}
	moved := must(t, smallest, "modules.x.from=there", "modules.y.from=here").Bound("x", a)
	if c := experiment.Breaking(experiment.Diff(bound, moved)); len(c) != 0 || string(bound.Decisive()) != string(moved.Decisive()) {
		t.Errorf("a module that lies elsewhere breaks a run: %v", c)
	}
	c := experiment.Breaking(experiment.Diff(bound, e.Bound("x", b)))
	if len(c) != 1 || c[0].Key != "modules.x.sha256" || string(bound.Decisive()) == string(e.Bound("x", b).Decisive()) {
		t.Errorf("another content is no change: %v", c)
	}
}

func TestPeakScalesWithTheBatch(t *testing.T) {
	if got := must(t, smallest, "train.batch_size=512").Optim().Peak(512); got != 0.2 {
		t.Errorf("base_lr 0.1 at batch 512 is %g, want 0.2", got)
	}
	e := must(t, strings.ReplaceAll(smallest, "base_lr", "lr"))
	if got := e.Optim().Peak(512); got != 0.1 {
		t.Errorf("lr 0.1 at batch 512 is %g, want 0.1", got)
	}
}

func TestExperimentDoesNotChange(t *testing.T) {
	e := must(t, smallest, "eval=[{protocol='linear'}]")
	before := string(e.Resolved())
	e.Evals()[0].Seeds[0] = 9
	e.Plugin(experiment.Backbone).Params[0].Value.Is[0] = 9
	e.Plugin(experiment.Loss).Params[0].Value = schema.OfFloat(9)
	if got := string(e.Resolved()); got != before {
		t.Errorf("changed from outside to\n%s", got)
	}
}

// Whatever numbers are set, the resolved form reads back the same.
func TestResolvedIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sets := []string{
			"optim.weight_decay=" + schema.OfFloat(rapid.Float64Range(0, 1e300).Draw(t, "decay")).String(),
			"experiment.seed=" + schema.OfInt(rapid.IntRange(0, 1<<62).Draw(t, "seed")).String(),
			"experiment.notes=" + schema.Quote(rapid.String().Draw(t, "notes")),
			"loss.temperature=" + schema.OfFloat(rapid.Float64Range(0, 10).Draw(t, "temperature")).String(),
		}
		e, err := parse(smallest, sets...)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parse(string(e.Resolved()))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(again.Resolved()), string(e.Resolved()); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// FuzzExperiment: no text panics; what is accepted has a stable resolved form.
func FuzzExperiment(f *testing.F) {
	f.Add(smallest, "train.epochs=3")
	f.Add(smallest+"[[eval]]\nprotocol = 'linear'\n", "eval.0.seeds=[1]")
	f.Add("[data]\n[[train]]\n[optim]\nname = 1\n", "crop.use=none")
	f.Add("data = 1\neval = [1]\npretext = [{}]\n", "eval.0=2")
	f.Fuzz(func(t *testing.T, src, set string) {
		e, err := parse(src, set)
		if err != nil {
			return
		}
		again, err := parse(string(e.Resolved()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, e.Resolved())
		}
		if got, want := string(again.Resolved()), string(e.Resolved()); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	})
}
