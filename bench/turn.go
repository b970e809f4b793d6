package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// contestant is one side with its settings; peer is nil for fw.
type contestant struct {
	row       *row
	precision string
	threads   int
	peer      *config
}

func (c contestant) String() string {
	side := "fw"
	if c.peer != nil {
		side = "PyTorch (" + c.peer.String() + ")"
	}
	return fmt.Sprintf("%s, batch %d, %s, %d threads, %s", c.row.name, c.row.batch, c.precision, c.threads, side)
}

// turn is what one process measured; both sides print these keys.
type turn struct {
	MS             float64           `json:"ms_per_step"` // the median
	MinMS          float64           `json:"min_ms_per_step"`
	Steps          int               `json:"steps"`
	ViewsPerSecond float64           `json:"views_per_second"`
	PeakRSS        int64             `json:"peak_rss_bytes"`
	PluginsRSS     int64             `json:"plugins_peak_rss_bytes,omitempty"` // fw's other processes
	FirstStep      float64           `json:"first_step_seconds"`
	Parameters     int               `json:"parameters"`
	Versions       map[string]string `json:"versions,omitempty"`
}

// memory is all that a side holds.
func (t *turn) memory() float64 { return float64(t.PeakRSS + t.PluginsRSS) }

// machine is how the two sides are started.
type machine struct {
	fw, python string
	commit     string // of fw
	lacksPeer  string // why there is no PyTorch; "" if there is
}

// machine finds both sides. The caller calls done.
func (c *cli) machine(ctx context.Context) (m *machine, done func(), err error) {
	m = &machine{fw: c.FW, python: c.Python, commit: commit(ctx)}
	done = func() {}
	if m.fw == "" {
		dir, err := os.MkdirTemp("", "fw-bench-")
		if err != nil {
			return nil, nil, fmt.Errorf("bench: %w", err)
		}
		done = func() { os.RemoveAll(dir) }
		m.fw = filepath.Join(dir, "fw")
		build := exec.CommandContext(ctx, "go", "build", "-o", m.fw, "./cmd/fw")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			done()
			return nil, nil, fmt.Errorf("bench: go build ./cmd/fw: %w\n%s", err, out)
		}
	}
	if _, err := m.start(ctx, nil, m.python, "-c", "import torch"); err != nil {
		m.lacksPeer = fmt.Sprintf("no PyTorch (--python or FW_PYTHON names a Python that has it): %v", err)
	}
	return m, done, nil
}

// lacksFW says why fw cannot do a row; "" if it can.
func (m *machine) lacksFW(ctx context.Context, r *row, precision string) string {
	if _, err := m.start(ctx, nil, m.fw, append([]string{"check", r.file()}, arithmetic(precision)...)...); err != nil {
		return err.Error()
	}
	return ""
}

// arithmetics are in the order of the tables.
var arithmetics = []string{"f32", "f4", "bf16"}

// arithmetic is how fw is told.
func arithmetic(precision string) []string {
	if precision == "f4" {
		return []string{"--set", "train.winograd=f4"}
	}
	return []string{"--set", "train.precision=" + precision}
}

// peerPrecision is the nearest that PyTorch has.
func peerPrecision(precision string) string {
	if precision == "f4" {
		return "f32"
	}
	return precision
}

// warmup is the steps before the clock runs, on both sides.
const warmup = 3

// measure has one side do its turn.
func (m *machine) measure(ctx context.Context, c contestant, seconds float64) (turn, error) {
	t := turn{}
	program, env, args := m.command(c, seconds)
	out, err := m.start(ctx, env, program, args...)
	if err == nil {
		err = json.Unmarshal(out, &t)
	}
	if err == nil && !(t.MS > 0) {
		err = fmt.Errorf("no time in %s", out)
	}
	if err != nil {
		return t, fmt.Errorf("bench: %s: %w", c, err)
	}
	return t, nil
}

// command is how a turn is started.
func (m *machine) command(c contestant, seconds float64) (program string, env, args []string) {
	s := strconv.FormatFloat(seconds, 'g', -1, 64)
	if c.peer == nil {
		args = []string{"bench", c.row.file(), "--json", "--reuse-batch", "--profile", "0", "--warmup", itoa(warmup),
			"--steps", "1000000", "--seconds", s, "--workers", itoa(c.threads), "--set", "train.batch_size=" + itoa(c.row.batch)}
		return m.fw, []string{"GOMAXPROCS=" + itoa(c.threads)}, append(args, arithmetic(c.precision)...)
	}
	args = []string{filepath.Join("bench", "peer", c.row.script), "--batch", itoa(c.row.batch), "--warmup", itoa(warmup), "--seconds", s, "--threads", itoa(c.threads),
		"--precision", peerPrecision(c.precision), "--mode", c.peer.mode, "--layout", c.peer.layout}
	return m.python, append([]string{"OMP_NUM_THREADS=" + itoa(c.threads)}, c.peer.allocator.env...), append(args, c.row.flags...)
}

// start runs a program with a clean environment for its math libraries, and gives
// what it prints. An error has the last line of what it complains.
func (m *machine) start(ctx context.Context, env []string, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); !tuning(name) {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		lines := strings.Split(strings.TrimSpace(complaint.String()), "\n")
		if last := lines[len(lines)-1]; last != "" {
			return nil, errors.New(last)
		}
		return nil, err
	}
	return out.Bytes(), nil
}

// tuning is whether a variable of the caller's would change a side's speed.
func tuning(name string) bool {
	for _, prefix := range []string{"OPENBLAS_", "OMP_", "MKL_", "KMP_", "MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD", "GOMAXPROCS", "GOGC", "GOMEMLIMIT", "FW_ISA"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
