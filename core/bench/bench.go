// Package bench owns timing: some steps of a training as a run would do them, then
// some that are watched instruction by instruction. What it reports is what the
// comparison with a peer reads. Start from [Run].
package bench

import (
	"fmt"
	"slices"
	"time"

	"github.com/fwlab/fw/core/kernel/isa"
	"github.com/fwlab/fw/core/kernel/peak"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/view"
)

// Options says what is timed.
type Options struct {
	Warmup    int           // steps before the clock runs
	Steps     int           // timed steps
	Limit     time.Duration // the clock stops after it, if three steps are done; 0: no limit
	Watched   int           // steps that are watched, after those
	KeepBatch bool          // all steps use one batch: the loader rests
}

func (o *Options) check() error {
	if o.Steps < 1 || o.Warmup < 0 || o.Watched < 0 || o.Limit < 0 {
		return fmt.Errorf("bench: expected 1 step or more, and nothing below 0, found %+v", *o)
	}
	return nil
}

// minSteps are timed whatever the limit.
const minSteps = 3

// Result is a report with what it was made of.
type Result struct {
	Report
	watched *watched // nil without watched steps
}

// watched is what is left of the steps that were watched.
type watched struct {
	trainer *train.Trainer
	lanes   *pool.Lanes
	steps   []span
	loads   []view.Timing
}

type span struct {
	start time.Time
	took  time.Duration
}

// Run does the steps. The memory of the report is the process's before the
// machine's peak is measured, which comes last.
func Run(t *train.Trainer, o Options) (*Result, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	t.KeepBatch = o.KeepBatch
	r := &Result{}
	step := func() (span, error) {
		began := time.Now()
		_, _, err := t.Run()
		s := span{began, time.Since(began)}
		if r.FirstStepSeconds == 0 {
			r.FirstStepSeconds = rundir.Age().Seconds()
		}
		return s, err
	}
	for range o.Warmup {
		if _, err := step(); err != nil {
			return nil, err
		}
	}
	took := make([]time.Duration, 0, min(o.Steps, 1<<16))
	waited, loading, began := t.DataWait, t.Loading, time.Now()
	for len(took) < o.Steps && (o.Limit == 0 || len(took) < minSteps || time.Since(began) < o.Limit) {
		s, err := step()
		if err != nil {
			return nil, err
		}
		took = append(took, s.took)
	}
	r.Loader = loader(o.KeepBatch, since(t.Loading, loading), t.DataWait-waited, time.Since(began), len(took))
	r.Loader.AheadBytes = t.LoadedAhead()
	r.times(t, took)
	if o.Watched > 0 {
		w := &watched{trainer: t}
		parts := t.BatchSize() / t.Facts.Batch
		t.Exec.StartProfile(o.Watched * parts)
		w.lanes = t.Pool.Watch(o.Watched * parts * t.Exec.Kernels() * spansPerKernel)
		for range o.Watched {
			before := t.Loading
			s, err := step()
			if err != nil {
				return nil, err
			}
			w.steps = append(w.steps, s)
			if l := since(t.Loading, before); l.Views > 0 {
				w.loads = append(w.loads, l)
			}
		}
		r.watched = w
	}
	r.PeakRSSBytes, r.PluginsPeakRSSBytes = rundir.PeakRSS(), rundir.ChildrenPeakRSS()
	p := peak.Measure(t.Pool)
	r.Peak = Peak{GFLOPS: p.FLOPs / 1e9, BF16GFLOPS: p.BF16FLOPs / 1e9, GB: p.Bytes / 1e9}
	if r.watched != nil {
		r.attribute(t.Exec.Profile(), p)
	}
	return r, nil
}

// spansPerKernel is room for the pool's runs of one kernel.
const spansPerKernel = 8

// since is what was added to the sums.
func since(now, before view.Timing) view.Timing {
	return view.Timing{Began: now.Began, Decode: now.Decode - before.Decode, Crop: now.Crop - before.Crop, Views: now.Views - before.Views, Decoded: now.Decoded}
}

// times fills in what the timed steps say.
func (r *Report) times(t *train.Trainer, took []time.Duration) {
	slices.Sort(took)
	median := Median(took)
	r.Steps, r.BatchSize, r.Views, r.Workers, r.ISA = len(took), t.BatchSize(), t.ViewsPerImage(), t.Pool.Workers(), isa.Name()
	r.FLOPsPerStep, r.PlannedBytes = t.FLOPs(), t.Planned()
	r.MSPerStep, r.MinMSPerStep = ms(median), ms(took[0])
	r.ImagesPerSecond = float64(r.BatchSize) / median.Seconds()
	r.ViewsPerSecond = float64(r.Views) * r.ImagesPerSecond
}

// Median of sorted values: of an even number, the mean of the middle two.
func Median[T time.Duration | float64](sorted []T) T {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func ms(d time.Duration) float64 { return d.Seconds() * 1e3 }
