package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/fwlab/fw/core/report/diagnose"
	"github.com/fwlab/fw/core/rundir"
)

// SchemaVersion is the version of report.json. It changes when a field is
// renamed, removed, or changes its meaning; new fields leave it as it is.
const SchemaVersion = 1

// Report is report.json; docs/report.md describes each field.
type Report struct {
	SchemaVersion int                `json:"schema_version"`
	Name          string             `json:"name"` // of the experiment
	Run           string             `json:"run"`  // name of the run directory
	Status        rundir.State       `json:"status"`
	Headline      string             `json:"headline"`
	Evals         []Eval             `json:"evals"`
	Localization  []Localization     `json:"localization"`
	Train         Train              `json:"train"`
	Collapse      Collapse           `json:"collapse"`
	Plugins       []rundir.Plugin    `json:"plugins"`
	Data          Data               `json:"data"`
	Warnings      []diagnose.Warning `json:"warnings"`
	Environment   rundir.Environment `json:"environment"`
}

// Protocols, subjects and choices of an Eval.
const (
	KNN    = "knn"
	Linear = "linear"

	Trained   = "trained"   // the encoder of the run
	Untrained = "untrained" // the same encoder as it was initialised
	Pixels    = "pixels"    // no encoder: the image itself

	Last  = "last"  // the last epoch
	Best  = "best"  // the best epoch on the test set: optimistic
	Epoch = "epoch" // an earlier epoch that was asked for
)

// Eval is one number with all that it depends on.
type Eval struct {
	Protocol string             `json:"protocol"`
	Subject  string             `json:"subject"`
	Top1     Float              `json:"top1"` // percent
	Top5     *Float             `json:"top5"` // percent; null if not measured
	Seed     uint64             `json:"seed"`
	Epoch    int                `json:"epoch"`  // epochs done when it was measured
	Choice   string             `json:"choice"` // of the epoch
	Settings map[string]float64 `json:"settings"`
}

// Train is what the training took and gave.
type Train struct {
	Steps           int     `json:"steps"`
	Epochs          int     `json:"epochs"`
	BatchSize       int     `json:"batch_size"`
	Params          int64   `json:"params"`         // trained scalars
	FLOPsPerStep    int64   `json:"flops_per_step"` // multiply-add counts as two
	Seconds         float64 `json:"seconds"`        // of training, without probes
	ImagesPerSecond float64 `json:"images_per_second"`
	MSPerStep       float64 `json:"ms_per_step"`
	PlannedBytes    int64   `json:"planned_bytes"`  // buffers of one step
	PeakRSSBytes    int64   `json:"peak_rss_bytes"` // most memory resident
	PluginShare     float64 `json:"plugin_share"`   // of the step's time, in plugin calls; 0 to 1
	DataWaitShare   float64 `json:"data_wait_share"`
	LossFirst       Float   `json:"loss_first"`
	LossLast        Float   `json:"loss_last"`
	// LossClasses is K where guessing gives a loss of ln K; 0 where no such level is known.
	LossClasses int `json:"loss_classes"`
}

// Collapse measures the embeddings of the trained encoder; Dim is 0 if nobody did.
type Collapse struct {
	Std     Float `json:"std"`
	RankMe  Float `json:"rankme"`
	Dim     int   `json:"dim"`
	Samples int   `json:"samples"`
}

// Data is what the run was trained and evaluated on.
type Data struct {
	Name         string    `json:"name"`
	Train        int       `json:"train"` // images
	Test         int       `json:"test"`
	Classes      int       `json:"classes"` // 0: without labels
	ImageSize    int       `json:"image_size"`
	SkippedCount int       `json:"skipped_count"`
	Skipped      []Skipped `json:"skipped"` // the first of them
}

// Skipped is an image that could not be used.
type Skipped struct {
	Image  string `json:"image"`
	Reason string `json:"reason"`
}

// Float is a measurement. NaN and infinities, which JSON has not, become null; null is NaN.
type Float float64

// MarshalJSON writes a number or null.
func (f Float) MarshalJSON() ([]byte, error) {
	if v := float64(f); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// UnmarshalJSON reads a number or null.
func (f *Float) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*f = Float(math.NaN())
		return nil
	}
	return json.Unmarshal(data, (*float64)(f))
}

// JSON is the content of report.json. It fills in the schema's version and the
// headline, and writes empty lists rather than null.
func (r Report) JSON() ([]byte, error) {
	r = r.filled()
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return append(data, '\n'), nil
}

func (r Report) filled() Report {
	r.SchemaVersion = SchemaVersion
	r.Headline = Headline(r.Evals)
	r.Evals = append([]Eval{}, r.Evals...)
	for i := range r.Evals {
		if r.Evals[i].Settings == nil {
			r.Evals[i].Settings = map[string]float64{}
		}
	}
	r.Localization = append([]Localization{}, r.Localization...)
	for i := range r.Localization {
		l := &r.Localization[i]
		l.Boxes, l.Crops = append([]BoxScore{}, l.Boxes...), append([]CropScore{}, l.Crops...)
	}
	r.Plugins = append([]rundir.Plugin{}, r.Plugins...)
	r.Warnings = append([]diagnose.Warning{}, r.Warnings...)
	r.Data.Skipped = append([]Skipped{}, r.Data.Skipped...)
	r.Environment.CPU = append([]string{}, r.Environment.CPU...)
	r.Environment.Plugins = append([]rundir.Plugin{}, r.Environment.Plugins...)
	return r
}

// Read reads a report.json of this schema's version.
func Read(path string) (Report, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Report{}, fmt.Errorf("report: %w", err)
	}
	var r Report
	if err := json.Unmarshal(data, &r); err != nil {
		return Report{}, fmt.Errorf("report: %s: %w", path, err)
	}
	if r.SchemaVersion != SchemaVersion {
		return Report{}, fmt.Errorf("report: %s: %w: expected schema_version %d, found %d", path, ErrVersion, SchemaVersion, r.SchemaVersion)
	}
	return r, nil
}

// ErrVersion is a report of another schema.
var ErrVersion = errors.New("another version of the schema")
