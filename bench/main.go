// Command bench compares fw's training step with PyTorch's on this machine: the
// same work, in turns, a process a turn. It first finds PyTorch's best
// configuration, then pairs it with fw, and writes medians and ratios. Run it from
// the repository's root:
//
//	go run ./bench --python venv/bin/python --docs docs/benchmarks.md
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type cli struct {
	Python        string   `help:"Python with PyTorch." env:"FW_PYTHON" default:"python3"`
	FW            string   `help:"fw's program; without it ./cmd/fw is built." name:"fw" placeholder:"FILE"`
	Parts         []string `help:"What to measure: rows (fw beside PyTorch), gemm (products beside the machine's peak), sweep (time by batch), views (fw beside torchvision on PIL)." enum:"rows,gemm,sweep,views" default:"rows,gemm,sweep,views"`
	CIFAR         string   `help:"Folder of CIFAR-10's binary version, for views; without it these are left out." name:"cifar" placeholder:"DIR"`
	PhotoSource   string   `help:"Tar or folder of pictures, of which photographs for views are made; without it these are left out." placeholder:"PATH"`
	Rows          []string `help:"Rows, by name; without it all." placeholder:"NAME"`
	Precisions    []string `help:"Arithmetic; f4 is float32 with fw's train.winograd = f4, beside PyTorch's float32." enum:"f32,f4,bf16" default:"f32,f4,bf16"`
	Threads       []int    `help:"Threads of both sides." default:"1,2"`
	Rounds        int      `help:"Turns of each side." default:"5"`
	Seconds       float64  `help:"Of timed steps in a turn." default:"10"`
	SearchSeconds float64  `help:"Of timed steps for each configuration of PyTorch that is tried." default:"4"`
	Modes         []string `help:"Ways to run PyTorch that are tried." enum:"eager,compile" default:"eager,compile"`
	Preload       []string `help:"Allocators to try besides those that are found in the system's folders." placeholder:"LIBRARY"`
	Out           string   `help:"Results as JSON. Those that are there and not measured anew are kept." default:"bench-results.json"`
	Docs          string   `help:"Markdown file whose block between the markers is replaced; the plot goes beside it." placeholder:"FILE"`
	Render        bool     `help:"Measure nothing: write --docs from --out."`
}

func main() {
	var c cli
	k := kong.Parse(&c, kong.Name("bench"), kong.Description("fw's training step beside PyTorch's, in turns."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	k.FatalIfErrorf(c.run(ctx, os.Stdout))
}

func (c *cli) check() error {
	if c.Rounds < 1 || !(c.Seconds > 0) || !(c.SearchSeconds > 0) {
		return fmt.Errorf("bench: expected --rounds of 1 or more, --seconds and --search-seconds above 0, found %d, %v and %v", c.Rounds, c.Seconds, c.SearchSeconds)
	}
	for _, n := range c.Threads {
		if n < 1 {
			return fmt.Errorf("bench: expected --threads of 1 or more, found %d", n)
		}
	}
	for _, name := range c.Rows {
		if !slices.ContainsFunc(table, func(r row) bool { return r.name == name }) {
			return fmt.Errorf("bench: --rows: expected %s, found %q", strings.Join(rowNames(), ", "), name)
		}
	}
	if _, err := os.Stat(filepath.Join("bench", "peer")); err != nil {
		return fmt.Errorf("bench: expected to run in the repository's root: %w", err)
	}
	return nil
}

func (c *cli) run(ctx context.Context, out io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	r, err := load(c.Out)
	if err != nil {
		return err
	}
	if !c.Render {
		if err := c.measure(ctx, r, out); err != nil {
			return err
		}
	}
	text := r.markdown()
	fmt.Fprintln(out, text)
	if c.Docs == "" {
		return nil
	}
	plot := r.plot()
	if plot != nil {
		if err := os.WriteFile(filepath.Join(filepath.Dir(c.Docs), plotName), plot, 0o644); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	return replaceBlock(c.Docs, text)
}

func (c *cli) measure(ctx context.Context, r *results, out io.Writer) error {
	m, done, err := c.machine(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := r.on(m.about(ctx)); err != nil {
		return fmt.Errorf("bench: %s: %w", c.Out, err)
	}
	parts := map[string]func(context.Context, *bench) error{"rows": rows, "gemm": products, "sweep": sweep, "views": views}
	b := &bench{cli: c, m: m, r: r, log: out}
	for _, name := range []string{"gemm", "sweep", "views", "rows"} {
		if !slices.Contains(c.Parts, name) {
			continue
		}
		if err := parts[name](ctx, b); err != nil {
			return errors.Join(err, b.save())
		}
	}
	return b.save()
}

// bench is a measurement in progress.
type bench struct {
	*cli
	m   *machine
	r   *results
	log io.Writer
}

func (b *bench) save() error { return b.r.save(b.Out) }

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.log, format+"\n", args...) }
