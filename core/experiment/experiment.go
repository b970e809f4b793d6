package experiment

import (
	"slices"
	"strings"

	"github.com/fwlab/fw/core/schema"
)

// Experiment is a checked experiment with all defaults filled in. It does not
// change; what its methods return are copies.
type Experiment struct {
	file    string
	tables  []table  // in the order of Sections, one for each [[eval]]
	plugins []Plugin // in the order of Kinds
	where   map[string]string
}

func (e *Experiment) table(path string) *table {
	for i := range e.tables {
		if e.tables[i].path == path {
			return &e.tables[i]
		}
	}
	return &table{path: path}
}

func (t *table) str(name string) string  { v, _ := t.get(name); return v.S }
func (t *table) int(name string) int     { v, _ := t.get(name); return int(v.I) }
func (t *table) bool(name string) bool   { v, _ := t.get(name); return v.Bool() }
func (t *table) num(name string) float64 { v, _ := t.get(name); return v.F }

func (t *table) ints(name string) []int {
	v, _ := t.get(name)
	var list []int
	for _, x := range v.Is {
		list = append(list, int(x))
	}
	return list
}

// Name begins the run directory's name: letters, digits, '.', '_' and '-'.
func (e *Experiment) Name() string { return e.table("experiment").str("name") }

// Seed is the root of every random draw.
func (e *Experiment) Seed() uint64 {
	v, _ := e.table("experiment").get("seed")
	return uint64(v.I)
}

// Notes are the author's own words.
func (e *Experiment) Notes() string { return e.table("experiment").str("notes") }

// Data says which images, as the keys of [data] do.
type Data struct {
	Dataset, Path         string
	ImageSize, Channels   int
	TrainSplit, TestSplit string
	Holdout               float64
	Count                 int    // synthetic, shapes
	Classes               int    // synthetic
	Seed                  uint64 // shapes
	EXIF, Normalize       bool
	Limit                 int // 0: all
	AllowPartial          bool
	MaxCorrupt            int
}

// Data is the section [data].
func (e *Experiment) Data() Data {
	t := e.table("data")
	seed, _ := t.get("seed")
	return Data{
		Dataset: t.str("dataset"), Path: t.str("path"),
		ImageSize: t.int("image_size"), Channels: t.int("channels"),
		TrainSplit: t.str("train_split"), TestSplit: t.str("test_split"), Holdout: t.num("holdout"),
		Count: t.int("count"), Classes: t.int("classes"), Seed: uint64(seed.I),
		EXIF: t.bool("exif"), Normalize: t.bool("normalize"),
		Limit: t.int("limit"), AllowPartial: t.bool("allow_partial"), MaxCorrupt: t.int("max_corrupt"),
	}
}

// Plugin is the plugin of a kind, one of [Kinds]; its ID is "" if there is none.
func (e *Experiment) Plugin(kind string) Plugin {
	for _, p := range e.plugins {
		if p.Kind == kind {
			p.Params = slices.Clone(p.Params)
			for i, v := range p.Params {
				p.Params[i].Value.Fs, p.Params[i].Value.Is = slices.Clone(v.Value.Fs), slices.Clone(v.Value.Is)
			}
			return p
		}
	}
	return Plugin{Kind: kind, Use: None}
}

// Localization says how boxes are found, for crop strategies that go by them. Its
// zero value is that of experiments without.
type Localization struct {
	WarmupEpochs, EveryEpochs int // EveryEpochs 0: never
	Threshold                 float64
	InitBox                   [4]float64 // top, left, bottom, right
	Heat                      string
}

// Localization is the section [localization]; ok is false where the crop strategy
// does not go by boxes.
func (e *Experiment) Localization() (l Localization, ok bool) {
	t := e.table(localization)
	box, ok := t.get("init_box")
	copy(l.InitBox[:], box.Fs)
	l.WarmupEpochs, l.EveryEpochs = t.int("warmup_epochs"), t.int("every_epochs")
	l.Threshold, l.Heat = t.num("threshold"), t.str("heat")
	return l, ok
}

// Optim is the optimizer with its schedule. Rates and epochs are as written; see
// Peak.
type Optim struct {
	Name               string
	BaseLR, LR         float64 // one of them is 0
	Momentum           float64
	Nesterov           bool
	Betas              [2]float64
	Eps, Eta           float64
	WeightDecay        float64
	FinalDecay         *float64 // nil: WeightDecay stays
	ClipGradNorm       float64  // 0: no bound
	ClipGradNormEach   float64
	ExcludeBiasAndNorm bool
	Schedule           string
	WarmupEpochs       float64
	MinLR              float64
	Milestones         []int // epochs
	Gamma              float64
}

// Optim is the section [optim].
func (e *Experiment) Optim() Optim {
	t := e.table("optim")
	o := Optim{
		Name: t.str("name"), BaseLR: t.num("base_lr"), LR: t.num("lr"),
		Momentum: t.num("momentum"), Nesterov: t.bool("nesterov"),
		Eps: t.num("eps"), Eta: t.num("eta"), WeightDecay: t.num("weight_decay"),
		ClipGradNorm: t.num("clip_grad_norm"), ClipGradNormEach: t.num("clip_grad_norm_each"),
		ExcludeBiasAndNorm: t.bool("exclude_bias_and_norm"),
		Schedule:           t.str("schedule"), WarmupEpochs: t.num("warmup_epochs"), MinLR: t.num("min_lr"),
		Milestones: t.ints("milestones"), Gamma: t.num("gamma"),
	}
	betas, _ := t.get("betas")
	copy(o.Betas[:], betas.Fs)
	if final, ok := t.get("final_weight_decay"); ok {
		o.FinalDecay = &final.F
	}
	return o
}

// Peak is the effective learning rate at a batch size: lr as it is, or base_lr
// times batch/256 (Goyal et al. 2017).
func (o Optim) Peak(batch int) float64 {
	if o.LR != 0 {
		return o.LR
	}
	return o.BaseLR * float64(batch) / 256
}

// Train says how long and in what portions.
type Train struct {
	Epochs, Steps         int // Steps 0: no cap
	BatchSize             int
	Precision, Winograd   string
	Workers               int // 0: one a core
	Memory                int // bytes; 0: no bound
	MicroBatch            int // images at a time; BatchSize or a divisor of it
	CheckpointEveryEpochs int // 0: at the end only
	KeepCheckpoints       int
	LogEverySteps         int
	CheckFinite           bool
}

// Train is the section [train].
func (e *Experiment) Train() Train {
	t := e.table("train")
	memory, _ := parseBytes(t.str("memory"))
	micro := t.int("micro_batch")
	if micro == 0 {
		micro = t.int("batch_size")
	}
	return Train{
		Memory: memory, MicroBatch: micro,
		Epochs: t.int("epochs"), Steps: t.int("steps"), BatchSize: t.int("batch_size"),
		Precision: t.str("precision"), Winograd: t.str("winograd"), Workers: t.int("workers"),
		CheckpointEveryEpochs: t.int("checkpoint_every_epochs"), KeepCheckpoints: t.int("keep_checkpoints"),
		LogEverySteps: t.int("log_every_steps"), CheckFinite: t.bool("check_finite"),
	}
}

// Eval is a probe of the frozen encoder.
type Eval struct {
	Protocol          string
	K                 int
	Temperature       float64
	Epochs, BatchSize int
	LR                float64
	Seeds             []int
	EveryEpochs       int // 0: at the end only
	TrainLimit        int // 0: all
}

// Evals is every [[eval]], in the file's order.
func (e *Experiment) Evals() []Eval {
	var list []Eval
	for i := range e.tables {
		t := &e.tables[i]
		if !strings.HasPrefix(t.path, "eval.") {
			continue
		}
		list = append(list, Eval{
			Protocol: t.str("protocol"), K: t.int("k"), Temperature: t.num("temperature"),
			Epochs: t.int("epochs"), BatchSize: t.int("batch_size"), LR: t.num("lr"),
			Seeds: t.ints("seeds"), EveryEpochs: t.int("every_epochs"), TrainLimit: t.int("train_limit"),
		})
	}
	return list
}

// Where is the place of a dotted key, "experiments/x.toml:14:1", for the errors of
// later stages. A key that was left out has its section's place, a section that
// was left out the pretext task's, which brought it, or the file's.
func (e *Experiment) Where(path string) string {
	for p := path; p != ""; {
		if at, ok := e.where[p]; ok {
			return at
		}
		i := strings.LastIndexByte(p, '.')
		p = p[:max(i, 0)]
	}
	section, _, _ := strings.Cut(path, ".")
	if at, ok := e.where[Pretext+".use"]; ok && slices.Contains(Kinds(), section) {
		return at
	}
	return e.file
}

// each visits every key of the canonical form in order, grouped by table.
func (e *Experiment) each(begin func(path string), key func(path, name string, v schema.Value)) {
	one := func(path string, values []schema.Named) {
		begin(path)
		for _, v := range values {
			key(path, v.Name, v.Value)
		}
	}
	fixed := e.tables[:min(2, len(e.tables))]
	for _, t := range fixed {
		one(t.path, t.values)
	}
	for _, p := range e.plugins {
		one(p.Kind, append([]schema.Named{{Name: "use", Value: schema.OfString(p.resolvedUse())}}, p.Params...))
	}
	for _, t := range e.tables[len(fixed):] {
		one(t.path, t.values)
	}
}
