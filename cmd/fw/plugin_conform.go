package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/wasm"
	"github.com/fwlab/fw/core/plan"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/sdk/sdktest"
)

type pluginTestCmd struct {
	pluginArg
	JSON bool `help:"Print JSON for programs."`
}

// conformance is what --json prints.
type conformance struct {
	ID      string        `json:"id"`
	Version string        `json:"version"`
	Carrier string        `json:"carrier"`
	Passed  bool          `json:"passed"`
	Checks  []sdktest.Row `json:"checks"`
}

// Run does every check on the carrier that runs use, then compares the other one,
// if there is one, and trains two steps.
func (c *pluginTestCmd) Run(con *console) error {
	s, r, err := c.open(con)
	if err != nil {
		return err
	}
	defer s.close()
	found := conformance{ID: r.Manifest.Info.ID, Version: r.Manifest.Info.Version, Carrier: r.Artifact.Carrier, Passed: true}
	if found.Checks, err = c.checks(con, s, r); err != nil {
		return err
	}
	failed := 0
	for _, row := range found.Checks {
		if row.Verdict == sdktest.Fail {
			failed++
		}
	}
	found.Passed = failed == 0
	if err := found.print(con, c.JSON); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("test: %s %s: %d of %d checks failed", found.ID, found.Version, failed, len(found.Checks))
	}
	return nil
}

func (f *conformance) print(con *console, asJSON bool) error {
	if asJSON {
		return printJSON(con.out, f)
	}
	fmt.Fprintf(con.out, "%s %s (%s)\n", f.ID, f.Version, f.Carrier)
	w := tabwriter.NewWriter(con.out, 0, 4, 2, ' ', 0)
	for _, row := range f.Checks {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", row.Check, row.Verdict, strings.ReplaceAll(row.Detail, "\n", "\n  \t\t"))
	}
	return w.Flush()
}

// checks starts the plugin and asks it.
func (c *pluginTestCmd) checks(con *console, s *pluginSet, r *registry.Resolved) ([]sdktest.Row, error) {
	said, err := s.artifact(r).describe(con.ctx)
	if err != nil {
		return nil, err
	}
	rows := []sdktest.Row{sdktest.RowOf("manifest", "it says what the plugin says of itself", registry.CheckSelf(&r.Manifest, said))}
	on := carriers(r)
	tested, err := s.launch(con.ctx, on[0])
	if err != nil {
		return nil, err
	}
	defer tested.Close()
	var kept transcript
	rows = append(rows, sdktest.Run(kept.record(caller(con.ctx, tested)), r.Manifest.Info.ID)...)

	detail, err := limits(con.ctx, tested, &r.Manifest, kept)
	rows = append(rows, sdktest.RowOf("limits", detail, err))
	detail, err = s.equal(con.ctx, on, kept)
	rows = append(rows, sdktest.RowOf("carriers", detail, err))
	detail, err = c.trains(con, s, r)
	return append(rows, sdktest.RowOf("trains", detail, err)), nil
}

// launch starts an artifact: a module as it is, since a trap costs it an instance only,
// a process so that it is started again after a crash.
func (s *pluginSet) launch(ctx context.Context, r *registry.Resolved) (host.Caller, error) {
	if r.Artifact.Carrier == registry.WASM {
		return s.begin(r)(ctx)
	}
	return host.New(r.Manifest.Info.ID, s.begin(r)), nil
}

// caller gives a plugin's own words as they are, and everything else as broken.
func caller(ctx context.Context, h host.Caller) sdktest.Call {
	return func(m abi.Method, request []byte) ([]byte, error) {
		reply, err := h.Call(ctx, m, request)
		var said *host.Error
		switch {
		case errors.As(err, &said) && said.Kind == host.Refused:
			return nil, said.Err
		case err != nil:
			return nil, &sdktest.Broken{Err: err}
		}
		return reply, nil
	}
}

// transcript is requests with their answers, Describe aside: artifacts may differ in
// what else they have.
type transcript []exchange

type exchange struct {
	method         abi.Method
	request, reply []byte
}

func (t *transcript) record(call sdktest.Call) sdktest.Call {
	return func(m abi.Method, request []byte) ([]byte, error) {
		reply, err := call(m, request)
		if err == nil && m != abi.Describe {
			*t = append(*t, exchange{m, request, reply})
		}
		return reply, err
	}
}

// equal has the plugin's other carrier answer every request, to the same bytes.
func (s *pluginSet) equal(ctx context.Context, on []*registry.Resolved, t transcript) (string, error) {
	switch {
	case len(on) < 2:
		return "", sdktest.Skipped("there is one carrier here, %s", on[0].Artifact.Carrier)
	case len(t) == 0:
		return "", sdktest.Skipped("nothing was answered")
	}
	other, err := s.launch(ctx, on[1])
	if err != nil {
		return "", err
	}
	defer other.Close()
	call, bytes := caller(ctx, other), 0
	for _, x := range t {
		reply, err := call(x.method, x.request)
		if err != nil {
			return "", fmt.Errorf("%s on %s: %w", x.method, on[1].Artifact.Carrier, err)
		}
		if string(reply) != string(x.reply) {
			return "", fmt.Errorf("%s: %s and %s answer a request with other bytes", x.method, on[0].Artifact.Carrier, on[1].Artifact.Carrier)
		}
		bytes += len(reply)
	}
	return fmt.Sprintf("%s and %s answer %d requests with the same %d bytes", on[0].Artifact.Carrier, on[1].Artifact.Carrier, len(t), bytes), nil
}

// limits asks everything once more and looks at what one call needs at most.
func limits(ctx context.Context, h host.Caller, m *registry.Manifest, t transcript) (string, error) {
	module, ok := h.(*wasm.Module)
	switch {
	case !ok:
		return "", sdktest.Skipped("a process has no limits")
	case len(t) == 0:
		return "", sdktest.Skipped("nothing was answered")
	}
	module.ResetUsage()
	call := caller(ctx, h)
	for _, x := range t {
		if _, err := call(x.method, x.request); err != nil {
			return "", err
		}
	}
	u := module.Usage()
	var parts []string
	for _, method := range []abi.Method{abi.Trace, abi.Crop, abi.Eval} {
		used, most := u.Fuel[method], wasm.Fuel(method)
		if used == 0 {
			continue
		}
		if declared := m.Limits.Fuel; declared > 0 && used > int64(declared) {
			return "", fmt.Errorf("a %s needs %d units of work, the manifest says limits.fuel = %d", method, used, declared)
		}
		parts = append(parts, fmt.Sprintf("%s %.2g %% of %d units of work", method, 100*float64(used)/float64(most), most))
	}
	if declared := m.Limits.MemoryMiB << 20; declared > 0 && u.Memory > declared {
		return "", fmt.Errorf("it needs %s of memory, the manifest says limits.memory_mib = %d", plan.Size(u.Memory), m.Limits.MemoryMiB)
	}
	return fmt.Sprintf("%s; memory %s of %s", strings.Join(parts, ", "), plan.Size(u.Memory), plan.Size(abi.MaxMemory)), nil
}

// trains runs two steps of a small experiment with the plugin.
func (c *pluginTestCmd) trains(con *console, s *pluginSet, r *registry.Resolved) (string, error) {
	const steps = 2
	session, err := reference{width: 8, batch: 16, count: 640}.prepare(con, s, r, c.use(r), 0)
	if err != nil {
		return "", err
	}
	t := session.Trainer
	defer t.Close()
	loss := 0.0
	for range steps {
		if loss, _, err = t.Run(); err != nil {
			return "", err
		}
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return "", fmt.Errorf("the loss is %v", loss)
		}
	}
	return fmt.Sprintf("%d steps of %s on %s, the last with a loss of %.4g", steps, session.Experiment.Plugin(experiment.Pretext).ID, session.Experiment.Plugin(experiment.Backbone).ID, loss), nil
}
