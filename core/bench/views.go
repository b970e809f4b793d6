package bench

import (
	"fmt"
	"io"
	"time"

	"github.com/fwlab/fw/core/kernel/isa"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/view"
)

// ViewsReport is what fw bench --views prints: batches made with no step beside them.
type ViewsReport struct {
	About
	Batches            int     `json:"batches"`
	BatchSize          int     `json:"batch_size"`
	Views              int     `json:"views"` // of an image
	ImagesPerSecond    float64 `json:"images_per_second"`
	ImagesPerCPUSecond float64 `json:"images_per_cpu_second"` // over all threads of the process; others' work does not change it
	DecodeMS           float64 `json:"decode_ms"`             // of a batch, as those that follow
	CropMS             float64 `json:"crop_ms"`
	ViewsMS            float64 `json:"views_ms"`
	DecodedBytes       int64   `json:"decoded_bytes"` // of images, the most at once
	PeakRSSBytes       int64   `json:"peak_rss_bytes"`
}

// Views makes batches as a training would, on the trainer's workers.
func Views(t *train.Trainer, o Options) (*ViewsReport, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &ViewsReport{BatchSize: t.Facts.Batch, Views: t.ViewsPerImage(), About: About{ISA: isa.Name(), Workers: t.Pool.Workers()}}
	var began time.Time
	var cpu time.Duration
	var sum view.Timing
	warm := o.Warmup
	err := t.LoadAlone(func(took view.Timing) bool {
		if warm >= 0 { // the batch before the clock runs is the last of these
			if warm--; warm < 0 {
				began, cpu = time.Now(), rundir.CPUTime()
			}
			return true
		}
		sum.Add(took)
		r.Batches++
		return r.Batches < o.Steps && (o.Limit == 0 || r.Batches < minSteps || time.Since(began) < o.Limit)
	})
	if err != nil {
		return nil, err
	}
	n := float64(r.Batches)
	images := n * float64(r.BatchSize)
	r.ImagesPerSecond, r.ImagesPerCPUSecond = images/time.Since(began).Seconds(), images/(rundir.CPUTime()-cpu).Seconds()
	r.DecodeMS, r.CropMS, r.ViewsMS = ms(sum.Decode)/n, ms(sum.Crop)/n, ms(sum.Views)/n
	r.DecodedBytes, r.PeakRSSBytes = sum.Decoded, rundir.PeakRSS()
	return r, nil
}

// Print writes the report for people.
func (r *ViewsReport) Print(out io.Writer) error {
	_, err := fmt.Fprintf(out, "%s: %.0f images/s on %d workers, %.0f in a second of one core's time, %d views each; a batch of %d: decode %.1f ms, crop plugin %.1f ms, views %.1f ms; at most %.1f MB of decoded images at once\n",
		r.Experiment, r.ImagesPerSecond, r.Workers, r.ImagesPerCPUSecond, r.Views, r.BatchSize, r.DecodeMS, r.CropMS, r.ViewsMS, float64(r.DecodedBytes)/1e6)
	return err
}
