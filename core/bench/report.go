package bench

import (
	"time"

	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/kernel/peak"
	"github.com/fwlab/fw/core/view"
)

// About is what was measured, and by what.
type About struct {
	Experiment string `json:"experiment"`
	FW         string `json:"fw"`
	Go         string `json:"go"`
	ISA        string `json:"isa"` // instruction set in use
	Workers    int    `json:"workers"`
}

// Report is what fw bench --json prints. Times are of one step.
type Report struct {
	About
	Precision           string  `json:"precision"`
	Parameters          int     `json:"parameters"`
	Steps               int     `json:"steps"`
	BatchSize           int     `json:"batch_size"`
	Views               int     `json:"views"`       // of an image
	MSPerStep           float64 `json:"ms_per_step"` // the median
	MinMSPerStep        float64 `json:"min_ms_per_step"`
	ImagesPerSecond     float64 `json:"images_per_second"`
	ViewsPerSecond      float64 `json:"views_per_second"`
	FLOPsPerStep        int64   `json:"flops_per_step"`
	PlannedBytes        int     `json:"planned_bytes"`
	PeakRSSBytes        int64   `json:"peak_rss_bytes"`
	PluginsPeakRSSBytes int64   `json:"plugins_peak_rss_bytes"` // of plugin processes, beside it
	FirstStepSeconds    float64 `json:"first_step_seconds"`     // from the start of the process to the end of the first step
	Peak                Peak    `json:"peak"`
	Loader              Loader  `json:"loader"`
	Ops                 []Op    `json:"ops"`
	Plugins             []Asker `json:"plugins"`
}

// Peak is what the machine's workers reach at best.
type Peak struct {
	GFLOPS     float64 `json:"gflop_per_second"`      // float32; 0 where it cannot be measured
	BF16GFLOPS float64 `json:"bf16_gflop_per_second"` // 0 where the processor has no such products
	GB         float64 `json:"gb_per_second"`         // read and written
}

// Loader is what a batch takes beside the step, on the loader's own workers.
type Loader struct {
	KeptBatch bool    `json:"kept_batch"` // one batch for all steps: nothing was loaded
	DecodeMS  float64 `json:"decode_ms"`
	CropMS    float64 `json:"crop_ms"` // calls of the crop plugin
	ViewsMS   float64 `json:"views_ms"`
	WaitMS    float64 `json:"wait_ms"`    // that a step waited
	WaitShare float64 `json:"wait_share"` // of the steps' time
	// AheadBytes is of batches that are filled ahead, DecodedBytes the most of
	// decoded images at once: what loading holds.
	AheadBytes   int   `json:"ahead_bytes"`
	DecodedBytes int64 `json:"decoded_bytes"`
}

// Cost is what some instructions take.
type Cost struct {
	Calls     int     `json:"calls"`
	MS        float64 `json:"ms"`
	Share     float64 `json:"share"` // of the step's instructions
	GFLOPS    float64 `json:"gflop_per_second"`
	GB        float64 `json:"gb_per_second"`
	PeakShare float64 `json:"peak_share"` // the least time for it at Peak, over MS; 0 where there is no peak
	HeldBytes int64   `json:"held_bytes"` // of results, at the moment when most are alive
}

// Op is one kind of op.
type Op struct {
	Op string `json:"op"`
	Cost
}

// Asker is a plugin, an optimizer or a part of the host: who asked for instructions.
type Asker struct {
	By string `json:"by"`
	Cost
}

// attribute fills in what the watched steps say.
func (r *Report) attribute(p *exec.Profile, machine peak.Peak) {
	for _, g := range p.GroupBy(func(in *exec.InstrProfile) string { return in.Op }) {
		r.Ops = append(r.Ops, Op{g.Key, cost(g, p, machine)})
	}
	for _, g := range p.GroupBy(asker) {
		r.Plugins = append(r.Plugins, Asker{g.Key, cost(g, p, machine)})
	}
}

// host is who asked for what no plugin and no optimizer did.
const host = "host"

func asker(in *exec.InstrProfile) string {
	if in.Loc.By == "" {
		return host
	}
	return in.Loc.By
}

func cost(g exec.Group, p *exec.Profile, machine peak.Peak) Cost {
	s := max(g.Time.Seconds(), 1e-9)
	return Cost{Calls: g.Instrs, MS: s * 1e3 / float64(p.Runs), Share: s / max(p.Total.Seconds(), 1e-9),
		GFLOPS: float64(g.FLOPs) / s / 1e9, GB: float64(g.Bytes) / s / 1e9, PeakShare: least(g, machine) / s, HeldBytes: g.Held}
}

// least is the seconds that the machine needs for a group at its peaks: arithmetic
// of products and convolutions in the type of their operands, memory traffic of
// everything else. 0 where the group has products and the peak of arithmetic is
// unknown. A processor without bfloat16 does it in float32.
func least(g exec.Group, machine peak.Peak) float64 {
	if g.FLOPs > 0 && machine.FLOPs == 0 {
		return 0
	}
	s := float64(g.Moved) / machine.Bytes
	if g.FLOPs > 0 {
		s += float64(g.FLOPs-g.BF16FLOPs)/machine.FLOPs + float64(g.BF16FLOPs)/max(machine.FLOPs, machine.BF16FLOPs)
	}
	return s
}

// loader is the mean of some steps, which took all in all.
func loader(kept bool, t view.Timing, wait, all time.Duration, steps int) Loader {
	n := float64(steps)
	return Loader{KeptBatch: kept, DecodeMS: ms(t.Decode) / n, CropMS: ms(t.Crop) / n, ViewsMS: ms(t.Views) / n, WaitMS: ms(wait) / n,
		WaitShare: wait.Seconds() / all.Seconds(), DecodedBytes: t.Decoded}
}
