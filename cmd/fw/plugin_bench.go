package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/bench"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/wasm"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/sdk/sdktest"
)

type pluginBenchCmd struct {
	pluginArg
	Seconds float64 `help:"For each kind of call." default:"0.5"`
	Steps   int     `help:"Steps of the reference experiment to time." default:"10"`
	Workers int     `help:"Threads of the reference experiment; 0 means one a core." default:"0"`
	JSON    bool    `help:"Print JSON for programs."`
}

// benchmark is what --json prints. Calls are made one after the other.
type benchmark struct {
	ID          string      `json:"id"`
	Version     string      `json:"version"`
	Carrier     string      `json:"carrier"`
	ColdSeconds float64     `json:"cold_start_seconds"` // to the first answer, nothing compiled yet
	WarmSeconds float64     `json:"warm_start_seconds"`
	Calls       []timedCall `json:"calls"`
	Rectangles  float64     `json:"rectangles_per_second,omitempty"` // of a crop strategy, on one core
	Step        stepShare   `json:"step"`
}

// timedCall is the median over calls.
type timedCall struct {
	Call         string  `json:"call"`
	Microseconds float64 `json:"microseconds"`
	Times        int     `json:"times"`
}

// stepShare is what the plugin takes of a step.
type stepShare struct {
	Task       string  `json:"task"`
	Network    string  `json:"network"`
	BatchSize  int     `json:"batch_size"`
	MSPerStep  float64 `json:"ms_per_step"`
	MSOfPlugin float64 `json:"ms_of_plugin"` // its calls and the instructions that it asked for, gradients included
	Share      float64 `json:"share"`
}

// Run times the plugin alone, then within a training.
func (c *pluginBenchCmd) Run(con *console) error {
	if !(c.Seconds > 0 && c.Seconds < 1e4) || c.Steps < 1 {
		return fmt.Errorf("bench: expected --seconds above 0 and --steps of 1 or more, found %v and %d", c.Seconds, c.Steps)
	}
	s, r, err := c.open(con)
	if err != nil {
		return err
	}
	defer s.close()
	b := benchmark{ID: r.Manifest.Info.ID, Version: r.Manifest.Info.Version, Carrier: r.Artifact.Carrier}
	if err := b.starts(con.ctx, s, r); err != nil {
		return err
	}
	h, err := s.launch(con.ctx, r)
	if err != nil {
		return err
	}
	defer h.Close()
	if err := b.calls(con.ctx, h, r, time.Duration(c.Seconds*float64(time.Second))); err != nil {
		return err
	}
	if err := b.step(con, s, r, c); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(con.out, b)
	}
	b.print(con)
	return nil
}

// starts times the way to the first answer.
func (b *benchmark) starts(ctx context.Context, s *pluginSet, r *registry.Resolved) error {
	cache, err := os.MkdirTemp("", "fw-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	begin := func() (host.Caller, error) { return s.launch(ctx, r) }
	if r.Artifact.Carrier == registry.WASM {
		module, err := r.Module()
		if err != nil {
			return err
		}
		begin = func() (host.Caller, error) { return wasm.Open(ctx, module, cache) }
	}
	for _, to := range []*float64{&b.ColdSeconds, &b.WarmSeconds} {
		began := time.Now()
		h, err := begin()
		if err != nil {
			return err
		}
		_, err = h.Call(ctx, abi.Describe, nil)
		*to = time.Since(began).Seconds()
		h.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// calls times Describe and what the plugin's kind is asked for.
func (b *benchmark) calls(ctx context.Context, h host.Caller, r *registry.Resolved, limit time.Duration) error {
	asked, err := sdktest.Requests(caller(ctx, h), b.ID)
	if err != nil {
		return err
	}
	asked = append([]sdktest.Request{{Name: "describe", Method: abi.Describe}}, asked...)
	if r.Manifest.Info.Kind == experiment.Crop {
		asked = append(asked[:1], batchOfCrops(b.ID))
	}
	for _, q := range asked {
		var took []time.Duration
		for began := time.Now(); len(took) == 0 || time.Since(began) < limit; {
			at := time.Now()
			if _, err := h.Call(ctx, q.Method, q.Bytes); err != nil {
				return err
			}
			took = append(took, time.Since(at))
		}
		slices.Sort(took)
		median := bench.Median(took)
		b.Calls = append(b.Calls, timedCall{q.Name, 1e6 * median.Seconds(), len(took)})
		if q.Method == abi.Crop {
			b.Rectangles = cropsAsked / median.Seconds()
		}
	}
	return nil
}

// cropsAsked is in a call: of 256 images, four views each.
const cropsAsked = 256 * 4

func batchOfCrops(id string) sdktest.Request {
	req, k := &wire.CropRequest{Plugin: id}, rng.New(1).Stream()
	for i := range uint32(cropsAsked) {
		req.Height, req.Width = append(req.Height, uint32(200+k.Intn(400))), append(req.Width, uint32(200+k.Intn(400)))
		req.Keys, req.Views = append(req.Keys, k.Uint32(), k.Uint32()), append(req.Views, i%4)
	}
	return sdktest.Request{Name: fmt.Sprintf("%d crops", cropsAsked), Method: abi.Crop, Bytes: wire.Marshal(nil, req)}
}

// step times a small training with the plugin.
func (b *benchmark) step(con *console, s *pluginSet, r *registry.Resolved, c *pluginBenchCmd) error {
	session, err := reference{width: 16, batch: 64, count: 1024}.prepare(con, s, r, c.use(r), c.Workers)
	if err != nil {
		return err
	}
	defer session.Trainer.Close()
	found, err := bench.Run(session.Trainer, bench.Options{Warmup: 2, Steps: c.Steps, Watched: 3})
	if err != nil {
		return err
	}
	e := session.Experiment
	b.Step = stepShare{Task: e.Plugin(experiment.Pretext).ID, Network: e.Plugin(experiment.Backbone).ID, BatchSize: found.BatchSize, MSPerStep: found.MSPerStep}
	for _, p := range found.Plugins {
		if p.By == b.ID {
			b.Step.MSOfPlugin += p.MS
		}
	}
	if r.Manifest.Info.Kind == experiment.Crop {
		b.Step.MSOfPlugin += found.Loader.CropMS
	}
	b.Step.Share = b.Step.MSOfPlugin / found.MSPerStep
	return nil
}

func (b *benchmark) print(con *console) {
	fmt.Fprintf(con.out, "%s %s (%s)\n", b.ID, b.Version, b.Carrier)
	fmt.Fprintf(con.out, "  %-16s  %.0f ms, then %.0f ms\n", "start", 1e3*b.ColdSeconds, 1e3*b.WarmSeconds)
	for _, t := range b.Calls {
		fmt.Fprintf(con.out, "  %-16s  %.1f us a call\n", t.Call, t.Microseconds)
	}
	if b.Rectangles > 0 {
		fmt.Fprintf(con.out, "  %-16s  %.2f million a second\n", "rectangles", b.Rectangles/1e6)
	}
	fmt.Fprintf(con.out, "  %-16s  %.2f ms of %.1f (%.1f %%), %s on %s, batches of %d\n", "step", b.Step.MSOfPlugin, b.Step.MSPerStep, 100*b.Step.Share, b.Step.Task, b.Step.Network, b.Step.BatchSize)
}
