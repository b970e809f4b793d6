package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/bench"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/rundir/atomicfile"
)

type benchCmd struct {
	fileArgs
	Steps      int     `help:"Steps to time, after the warm-up." default:"20"`
	Warmup     int     `help:"Steps before the clock runs." default:"3"`
	Seconds    float64 `help:"Stop the clock after this long, with three steps or more; 0: after --steps." default:"0"`
	Profile    int     `help:"Steps to watch after those, instruction by instruction; 0: none." default:"5"`
	ReuseBatch bool    `help:"Load one batch and use it for every step: the step alone, without what views cost."`
	Views      bool    `help:"Time the making of batches alone, with no step beside it: decoding, crops and views, on --workers threads. --steps, --warmup and --seconds count batches."`
	Trace      string  `help:"Write the watched steps as a trace for Perfetto (ui.perfetto.dev) or chrome://tracing." placeholder:"FILE"`
	JSON       bool    `help:"Print JSON for programs."`
}

// Run times steps, first as a run would do them, then watched.
func (c *benchCmd) Run(con *console) error {
	switch {
	case c.Steps < 1 || c.Warmup < 0 || c.Profile < 0:
		return fmt.Errorf("bench: expected --steps of 1 or more, --warmup and --profile of 0 or more, found %d, %d and %d", c.Steps, c.Warmup, c.Profile)
	case !(c.Seconds >= 0 && c.Seconds <= 1e6):
		return fmt.Errorf("bench: expected --seconds from 0 to 1e6, found %v", c.Seconds)
	case c.Views && (c.ReuseBatch || c.Trace != ""):
		return errors.New("bench: expected --views without --reuse-batch and --trace: there is no step to look at")
	case c.Trace != "" && c.Profile == 0:
		return errors.New("bench: expected --profile of 1 or more for a --trace, found 0")
	}
	start := time.Now().Add(-rundir.Age())
	var calls callLog
	if c.Trace != "" {
		c.watch = calls.add
	}
	session, s, err := c.open(con)
	if err != nil {
		return err
	}
	defer s.close()
	defer session.Trainer.Close()
	o := bench.Options{Warmup: c.Warmup, Steps: c.Steps, Limit: time.Duration(c.Seconds * float64(time.Second)), Watched: c.Profile, KeepBatch: c.ReuseBatch}
	if c.Views {
		r, err := bench.Views(session.Trainer, o)
		if err != nil {
			return err
		}
		r.Experiment, r.FW, r.Go = session.Experiment.Name(), version(), runtime.Version()
		if c.JSON {
			return printJSON(con.out, r)
		}
		return r.Print(con.out)
	}
	r, err := bench.Run(session.Trainer, o)
	if err != nil {
		return err
	}
	r.Experiment, r.Precision, r.Parameters = session.Experiment.Name(), session.Experiment.Train().Precision, session.Params()
	r.FW, r.Go = version(), runtime.Version()
	if c.Trace != "" {
		if err := atomicfile.Write(c.Trace, func(w io.Writer) error { return r.WriteTrace(w, start, calls.all()) }); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	if c.JSON {
		return printJSON(con.out, r.Report)
	}
	return r.Print(con.out)
}

// callLog collects plugin calls, which may come from several goroutines.
type callLog struct {
	mu   sync.Mutex
	list []bench.Call
}

func (l *callLog) add(plugin string, m abi.Method, began time.Time, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, bench.Call{Plugin: plugin, Method: m.String(), Began: began, Took: took})
}

func (l *callLog) all() []bench.Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]bench.Call{}, l.list...)
}
