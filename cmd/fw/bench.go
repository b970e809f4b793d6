package main

import (
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/fwlab/fw/core"
	"github.com/fwlab/fw/core/rundir"
)

type benchCmd struct {
	fileArgs
	Steps  int  `help:"Steps to time, after the warm-up." default:"20"`
	Warmup int  `help:"Steps before the clock runs." default:"3"`
	JSON   bool `help:"Print JSON for programs."`
}

// benchReport is what --json prints.
type benchReport struct {
	Steps           int       `json:"steps"`
	BatchSize       int       `json:"batch_size"`
	Views           int       `json:"views"`       // of an image
	MSPerStep       float64   `json:"ms_per_step"` // the median
	ImagesPerSecond float64   `json:"images_per_second"`
	ViewsPerSecond  float64   `json:"views_per_second"`
	FLOPsPerStep    int64     `json:"flops_per_step"`
	PlannedBytes    int       `json:"planned_bytes"`
	PeakRSSBytes    int64     `json:"peak_rss_bytes"`
	Ops             []benchOp `json:"ops"`
}

type benchOp struct {
	Op     string  `json:"op"`
	Calls  int     `json:"calls"` // a step
	MS     float64 `json:"ms"`    // a step
	Share  float64 `json:"share"`
	GFLOPS float64 `json:"gflop_per_second"`
	GB     float64 `json:"gb_per_second"`
}

// Run times steps, first as a run would do them, then op by op.
func (c *benchCmd) Run(con *console) error {
	if c.Steps < 1 || c.Warmup < 0 {
		return fmt.Errorf("bench: expected --steps of 1 or more and --warmup of 0 or more, found %d and %d", c.Steps, c.Warmup)
	}
	session, s, err := c.open(con)
	if err != nil {
		return err
	}
	defer s.close()
	t := session.Trainer
	defer t.Close()
	step := func() (time.Duration, error) {
		start := time.Now()
		_, _, err := t.Run()
		return time.Since(start), err
	}
	var took []time.Duration
	for i := range c.Warmup + 2*c.Steps {
		if i == c.Warmup+c.Steps {
			t.Exec.StartProfile(nil)
		}
		d, err := step()
		if err != nil {
			return err
		}
		if i >= c.Warmup && i < c.Warmup+c.Steps {
			took = append(took, d)
		}
	}
	slices.Sort(took)
	r := c.report(session, took[len(took)/2])
	if c.JSON {
		return printJSON(con.out, r)
	}
	fmt.Fprintf(con.out, "%s: %.1f ms a step (median of %d), %.0f images/s, %.0f views/s, %.1f GFLOP/s, %.0f MB planned\n\n",
		session.Experiment.Name(), r.MSPerStep, r.Steps, r.ImagesPerSecond, r.ViewsPerSecond, float64(r.FLOPsPerStep)/r.MSPerStep/1e6, float64(r.PlannedBytes)/1e6)
	w := tabwriter.NewWriter(con.out, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "op\tcalls\tms\tshare\tGFLOP/s\tGB/s\t")
	for _, o := range r.Ops {
		fmt.Fprintf(w, "%s\t%d\t%.2f\t%.1f %%\t%.1f\t%.1f\t\n", o.Op, o.Calls, o.MS, 100*o.Share, o.GFLOPS, o.GB)
	}
	return w.Flush()
}

func (c *benchCmd) report(session *core.Session, median time.Duration) benchReport {
	t := session.Trainer
	p := t.Exec.Profile()
	r := benchReport{Steps: c.Steps, BatchSize: t.BatchSize(), Views: t.ViewsPerImage(), MSPerStep: median.Seconds() * 1e3,
		FLOPsPerStep: t.FLOPs(), PlannedBytes: t.Planned(), PeakRSSBytes: rundir.PeakRSS()}
	r.ImagesPerSecond = float64(r.BatchSize) / median.Seconds()
	r.ViewsPerSecond = float64(r.Views) * r.ImagesPerSecond
	for _, o := range p.Ops() {
		s := o.Time.Seconds()
		r.Ops = append(r.Ops, benchOp{Op: o.Op, Calls: o.Calls / p.Runs, MS: s * 1e3 / float64(p.Runs), Share: s / p.Total.Seconds(), GFLOPS: float64(o.FLOPs) / s / 1e9, GB: float64(o.Bytes) / s / 1e9})
	}
	return r
}
