package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/kernel/isa"
	"github.com/fwlab/fw/core/rundir/atomicfile"
)

// results is everything measured on one machine.
type results struct {
	Machine about      `json:"machine"`
	Rows    []pair     `json:"rows"`
	GEMM    []product  `json:"gemm"`
	Sweep   *timeOf    `json:"sweep,omitempty"`
	Views   []viewPair `json:"views,omitempty"`
}

// about is what figures depend on besides the programs.
type about struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	ISA   string `json:"isa"` // of fw's kernels
	OS    string `json:"os"`
	Go    string `json:"go"`
	Torch string `json:"torch"`
}

// pair is fw and the peer on one row. A side that is missing has a reason in Lacks.
type pair struct {
	Row       string            `json:"row"`
	Precision string            `json:"precision"`
	Threads   int               `json:"threads"`
	Commit    string            `json:"commit"` // of fw
	FW        *side             `json:"fw,omitempty"`
	Peer      *side             `json:"peer,omitempty"`
	Config    string            `json:"peer_config,omitempty"`
	Searched  []tried           `json:"peer_searched,omitempty"`
	Lacks     map[string]string `json:"lacks,omitempty"`
}

func load(path string) (*results, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return &results{}, nil
	}
	r := &results{}
	if err == nil {
		err = json.Unmarshal(data, r)
	}
	if err != nil {
		return nil, fmt.Errorf("bench: %s: %w", path, err)
	}
	return r, nil
}

func (r *results) save(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = atomicfile.Write(path, func(w io.Writer) error {
			_, err := w.Write(append(data, '\n'))
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("bench: %s: %w", path, err)
	}
	return nil
}

// on says which machine is measured now. Results of another, or of another
// PyTorch, are not added to; those of another fw are, each under its commit.
func (r *results) on(now about) error {
	if r.Machine != (about{}) && r.Machine != now {
		return fmt.Errorf("holds results of %+v, this is %+v; give another --out", r.Machine, now)
	}
	r.Machine = now
	return nil
}

// put replaces the pair of the same row, arithmetic and threads.
func (r *results) put(p pair) {
	for side, lack := range p.Lacks {
		if lack == "" {
			delete(p.Lacks, side)
		}
	}
	r.Rows = slices.DeleteFunc(r.Rows, func(q pair) bool {
		return q.Row == p.Row && q.Precision == p.Precision && q.Threads == p.Threads
	})
	r.Rows = append(r.Rows, p)
	names := rowNames()
	slices.SortStableFunc(r.Rows, func(a, b pair) int {
		return cmp.Or(cmp.Compare(slices.Index(names, a.Row), slices.Index(names, b.Row)), cmp.Compare(slices.Index(arithmetics, a.Precision), slices.Index(arithmetics, b.Precision)), cmp.Compare(a.Threads, b.Threads))
	})
}

// find is a pair that was measured, nil if it was not.
func (r *results) find(row, precision string, threads int) *pair {
	for i := range r.Rows {
		if p := &r.Rows[i]; p.Row == row && p.Precision == precision && p.Threads == threads {
			return p
		}
	}
	return nil
}

// about describes this machine and both programs.
func (m *machine) about(ctx context.Context) about {
	a := about{CPU: cpuModel(), Cores: runtime.NumCPU(), ISA: isa.Name(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Torch: "none"}
	if out, err := m.start(ctx, nil, m.python, "-c", "import torch; print(torch.__version__)"); err == nil {
		a.Torch = strings.TrimSpace(string(out))
	}
	return a
}

func cpuModel() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// commit is the source's, with a plus where it was changed since.
func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty=+").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
