package bench

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/fwlab/fw/core/view"
)

// Print writes the report for people.
func (r *Report) Print(out io.Writer) error {
	fmt.Fprintf(out, "%s: %.1f ms a step (median of %d, the least %.1f), %.0f images/s, %.0f views/s, %.1f GFLOP/s\n",
		r.Experiment, r.MSPerStep, r.Steps, r.MinMSPerStep, r.ImagesPerSecond, r.ViewsPerSecond, float64(r.FLOPsPerStep)/r.MSPerStep/1e6)
	fmt.Fprintf(out, "memory: %.0f MB planned, at most %.0f MB resident, plugin processes %.0f MB; %.2f s from the start to the end of the first step\n",
		float64(r.PlannedBytes)/1e6, float64(r.PeakRSSBytes)/1e6, float64(r.PluginsPeakRSSBytes)/1e6, r.FirstStepSeconds)
	fmt.Fprintf(out, "machine: %s, %d workers, at best %s GFLOP/s in float32, %s in bfloat16, and %.1f GB/s read and written\n",
		r.ISA, r.Workers, orDash("%.0f", r.Peak.GFLOPS), orDash("%.0f", r.Peak.BF16GFLOPS), r.Peak.GB)
	if l := r.Loader; l.KeptBatch {
		fmt.Fprintln(out, "loading: none, all steps use one batch")
	} else {
		fmt.Fprintf(out, "loading: beside a step, decode %.1f ms, crop plugin %.1f ms, views %.1f ms; the step waits %.2f ms for it, %.2f %% of its time\n", l.DecodeMS, l.CropMS, l.ViewsMS, l.WaitMS, 100*l.WaitShare)
		fmt.Fprintf(out, "loading holds %.1f MB of batches filled ahead and held at most %.1f MB of decoded images; the bound is %.1f MB and an image for each worker\n",
			float64(l.AheadBytes)/1e6, float64(l.DecodedBytes)/1e6, float64(view.MaxDecoded)/1e6)
	}
	if len(r.Ops) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nop\tcalls\tms\tshare\tGFLOP/s\tGB/s\tof peak\theld MB\t")
	for _, o := range r.Ops {
		o.line(w, o.Op)
	}
	fmt.Fprintln(w, "\nasked for by\tcalls\tms\tshare\tGFLOP/s\tGB/s\tof peak\theld MB\t")
	for _, a := range r.Plugins {
		a.line(w, a.By)
	}
	return w.Flush()
}

func (c *Cost) line(w io.Writer, name string) {
	fmt.Fprintf(w, "%s\t%d\t%.2f\t%.1f %%\t%s\t%.1f\t%s\t%.1f\t\n", name, c.Calls, c.MS, 100*c.Share, orDash("%.1f", c.GFLOPS), c.GB, orDash("%.0f %%", 100*c.PeakShare), float64(c.HeldBytes)/1e6)
}

func orDash(format string, v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf(format, v)
}
