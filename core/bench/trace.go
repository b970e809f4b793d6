package bench

import (
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/report/timeline"
	"github.com/fwlab/fw/core/shape"
)

// Call is a call of a plugin, for the trace.
type Call struct {
	Plugin, Method string
	Began          time.Time
	Took           time.Duration
}

// WriteTrace writes the watched steps, their loading, and the calls, for Chrome's
// tracing page or Perfetto. Time counts from start.
func (r *Result) WriteTrace(w io.Writer, start time.Time, calls []Call) error {
	var events []timeline.Event
	add := func(group, lane, name string, began time.Time, took time.Duration, args map[string]any) {
		events = append(events, timeline.Event{Name: name, Group: group, Lane: lane, Start: began.Sub(start), Took: took, Args: args})
	}
	for _, c := range calls {
		add("plugins", "calls", c.Plugin+" "+c.Method, c.Began, c.Took, nil)
	}
	if r.watched == nil {
		return timeline.Write(w, events)
	}
	for i, s := range r.watched.steps {
		add("step", "steps", "step "+strconv.Itoa(i+1)+" of the watched", s.start, s.took, nil)
	}
	p := r.watched.trainer.Exec.Profile()
	details := make([]map[string]any, len(p.Instrs))
	for i := range p.Instrs {
		details[i] = detail(&p.Instrs[i])
	}
	for _, e := range p.Events {
		add("step", "ops", p.Instrs[e.Instr].Op, p.Began.Add(e.Start), e.Took, rates(details[e.Instr], &p.Instrs[e.Instr], e.Took))
	}
	began := r.watched.lanes.Began()
	for worker, spans := range r.watched.lanes.Workers() {
		for _, s := range spans {
			add("step", "worker "+strconv.Itoa(worker), during(p, began.Add(s.Start)), began.Add(s.Start), s.End-s.Start, nil)
		}
	}
	for _, l := range r.watched.loads {
		add("loader", "batches", "decode", l.Began, l.Decode, nil)
		add("loader", "batches", "crop plugin", l.Began.Add(l.Decode), l.Crop, nil)
		add("loader", "batches", "views", l.Began.Add(l.Decode+l.Crop), l.Views, nil)
	}
	return timeline.Write(w, events)
}

// detail is what is said of an instruction whenever it runs.
func detail(in *exec.InstrProfile) map[string]any {
	d := map[string]any{"by": asker(in), "in": shapes(in.In), "out": shapes(in.Out)}
	if in.Loc.File != "" {
		d["at"] = in.Loc.File + ":" + strconv.Itoa(in.Loc.Line)
	}
	return d
}

func shapes(list []shape.Shape) (words []string) {
	for _, s := range list {
		words = append(words, s.String())
	}
	return words
}

// rates adds what this once took to the details.
func rates(details map[string]any, in *exec.InstrProfile, took time.Duration) map[string]any {
	s := took.Seconds()
	if s == 0 {
		return details
	}
	args := map[string]any{"gb_per_second": float64(in.Bytes) / s / 1e9}
	if in.FLOPs > 0 {
		args["gflop_per_second"] = float64(in.FLOPs) / s / 1e9
	}
	for k, v := range details {
		args[k] = v
	}
	return args
}

// during is the op that ran at a time; work outside of all ops has the pool's name.
func during(p *exec.Profile, at time.Time) string {
	since := at.Sub(p.Began)
	i, _ := slices.BinarySearchFunc(p.Events, since, func(e exec.Event, since time.Duration) int {
		if e.Start+e.Took <= since {
			return -1
		}
		return 1
	})
	if i < len(p.Events) && p.Events[i].Start <= since {
		return p.Instrs[p.Events[i].Instr].Op
	}
	return "pool"
}
