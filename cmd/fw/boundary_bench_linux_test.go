package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/fwlab/fw/core"
	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/bench"
	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/process"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/plugins/builtin"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/sdk"
)

// ofSimCLR is the five plugins of an experiment: the package of each, and its id.
var ofSimCLR = map[string][2]string{
	experiment.Pretext:  {"pretext/simclr", "fw/simclr"},
	experiment.Backbone: {"backbone/resnet", "fw/resnet"},
	experiment.Loss:     {"loss/ntxent", "fw/ntxent"},
	experiment.Crop:     {"crop/randomresizedcrop", "fw/random-resized-crop"},
	experiment.Augment:  {"augment/simclraugment", "fw/simclr-augment"},
}

// modules builds the five to modules with a folder each, and gives the settings that an
// experiment uses them by.
func modules(b *testing.B) (set []string) {
	b.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		b.Skip("skipped: no go command, which builds the plugins")
	}
	for kind, of := range ofSimCLR {
		dir := b.TempDir()
		source, module := filepath.Join(dir, "main.go"), filepath.Join(dir, "plugin.wasm")
		name := filepath.Base(of[0])
		text := "package main\n\nimport \"github.com/fwlab/fw/plugins/" + of[0] + "\"\n\nfunc main() { " + name + ".Plugin().Serve() }\n"
		put(b, source, []byte(text), 0o644)
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-o", module, source)
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
		if said, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, said)
		}
		for _, p := range builtin.Plugins() {
			if p.Info().ID != of[1] {
				continue
			}
			m := registry.ManifestOf(p.Info(), abi.Version, ir.Version)
			m.Artifacts = []registry.Artifact{{Carrier: registry.WASM, Platform: registry.AnyPlatform, Path: "plugin.wasm", SHA256: sum(b, module)}}
			put(b, filepath.Join(dir, registry.ManifestName), m.Encode(), 0o644)
		}
		set = append(set, kind+".use="+dir)
	}
	return set
}

// quickstart is the experiment of the README, its augmentation with parameters of its own.
const quickstart = "../../experiments/quickstart.toml"

// asked is an experiment and its plugins, on the way to a step.
type asked struct {
	set     *pluginSet
	e       *experiment.Experiment
	plugins train.Plugins
}

// readQuickstart finds the plugins of the experiment, and starts none.
func readQuickstart(b *testing.B, settings ...string) *asked {
	b.Helper()
	s, err := openPlugins(b.Context(), registryArgs{}, quickstart, "")
	if err != nil {
		b.Fatal(err)
	}
	e, err := experiment.Read(quickstart, s, settings...)
	if err != nil {
		b.Fatal(err)
	}
	return &asked{set: s, e: e}
}

// connect starts them, up to what they say of themselves.
func (a *asked) connect(b *testing.B) {
	b.Helper()
	p, err := a.set.connect(b.Context(), a.e)
	if err != nil {
		b.Fatal(err)
	}
	a.plugins = p
}

// session builds the step.
func (a *asked) session(b *testing.B) *core.Session {
	b.Helper()
	session, err := core.Prepare(b.Context(), a.e, a.plugins, 0)
	if err != nil {
		b.Fatal(err)
	}
	return session
}

// through has the built-in plugins called through one carrier.
func (a *asked) through(start func(context.Context) (host.Caller, error)) {
	h := host.New("fw", start)
	at := func(kind string) *client.Client {
		p := a.e.Plugin(kind)
		return &client.Client{Host: h, ID: p.ID, Params: p.Params}
	}
	a.plugins = train.Plugins{Pretext: at(experiment.Pretext), Backbone: at(experiment.Backbone), Loss: at(experiment.Loss), Crop: at(experiment.Crop), Augment: at(experiment.Augment)}
}

// linked is without a carrier.
func linked(context.Context) (host.Caller, error) {
	return host.Func(sdk.Handler(builtin.Plugins()...)), nil
}

// own is this binary as their process.
func own(ctx context.Context) (host.Caller, error) {
	return process.Start(ctx, process.Config{Path: os.Args[0]})
}

// spent is how often the plugins were called so far, and how long that took.
func (a *asked) spent() (calls int64, took time.Duration) {
	seen := map[*host.Plugin]bool{}
	for _, c := range []*client.Client{a.plugins.Pretext, a.plugins.Backbone, a.plugins.Loss, a.plugins.Crop, a.plugins.Augment} {
		if !seen[c.Host] {
			seen[c.Host] = true
			n, d := c.Host.Stats()
			calls, took = calls+n, took+d
		}
	}
	return calls, took
}

// BenchmarkStart times the start of an experiment with five plugins, each a Go module of
// its own, on a machine that never saw them and on one that did: to what they say of
// themselves, to the step that is ready, and to the end of the first step; and the built-in
// plugins, a process and a module, and the same linked into the host, which is what plugins
// do not cost. On a machine that others use, the processor's time says more than the clock.
func BenchmarkStart(b *testing.B) {
	set := modules(b)
	connect := func(a *asked) { a.connect(b) }
	times := map[string][]float64{}
	start := func(name string, begin func(*asked), settings ...string) {
		debug.FreeOSMemory() // what the start before it left behind
		began, used := time.Now(), cpuTime(b)
		note := func(at string) {
			times[name+"-"+at+"-ms"] = append(times[name+"-"+at+"-ms"], 1e3*time.Since(began).Seconds())
			times[name+"-"+at+"-cpu-ms"] = append(times[name+"-"+at+"-cpu-ms"], 1e3*(cpuTime(b)-used).Seconds())
		}
		a := readQuickstart(b, settings...)
		begin(a)
		note("connected")
		session := a.session(b)
		note("ready")
		if _, _, err := session.Trainer.Run(); err != nil {
			b.Fatal(err)
		}
		note("stepped")
		session.Trainer.Close()
		a.set.close()
	}
	for b.Loop() {
		b.Setenv("XDG_CACHE_HOME", b.TempDir())
		start("cold", connect, set...)
		start("warm", connect, set...)
		start("built-in-cold", connect)
		start("built-in-warm", connect)
		start("linked", func(a *asked) { a.through(linked) })
	}
	b.ReportMetric(0, "ns/op")
	for name, took := range times {
		slices.Sort(took)
		b.ReportMetric(bench.Median(took), name)
	}
}

// cpuTime is what this process has used so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSteps times steps of SimCLR whose plugins are linked into the host, are modules
// and are a process, in turns of a step each within one run; and how often a step calls them, and for
// how long: for crops, beside the step, and for nothing that was traced.
func BenchmarkSteps(b *testing.B) {
	b.Setenv("XDG_CACHE_HOME", b.TempDir())
	type carrier struct {
		name    string
		asked   *asked
		session *core.Session
		took    []time.Duration
		calls   int64
		spent   time.Duration
	}
	var carriers []*carrier
	for _, name := range []string{"linked", "wasm", "process"} {
		var settings []string
		if name == "wasm" {
			settings = modules(b)
		}
		a := readQuickstart(b, settings...)
		switch name {
		case "linked":
			a.through(linked)
		case "process":
			a.through(own)
		default:
			a.connect(b)
		}
		c := &carrier{name: name, asked: a, session: a.session(b)}
		b.Cleanup(func() { c.session.Trainer.Close(); a.set.close() })
		carriers = append(carriers, c)
	}
	step := func(c *carrier) time.Duration {
		began := time.Now()
		if _, _, err := c.session.Trainer.Run(); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	for _, c := range carriers { // what a first step does once
		step(c)
		c.calls, c.spent = c.asked.spent()
	}
	turn := 0
	for b.Loop() {
		for i := range carriers {
			c := carriers[(turn+i)%len(carriers)]
			c.took = append(c.took, step(c))
		}
		turn++
	}
	b.ReportMetric(0, "ns/op")
	for _, c := range carriers {
		var ratios []float64
		for i := range c.took {
			ratios = append(ratios, c.took[i].Seconds()/carriers[0].took[i].Seconds())
		}
		slices.Sort(ratios)
		b.ReportMetric(bench.Median(ratios), c.name+"/linked")
	}
	for _, c := range carriers {
		calls, spent := c.asked.spent()
		b.ReportMetric(float64(calls-c.calls)/float64(len(c.took)), c.name+"-calls/step")
		b.ReportMetric(1e3*(spent-c.spent).Seconds()/float64(len(c.took)), c.name+"-in-plugins-ms/step")
		slices.Sort(c.took)
		b.ReportMetric(1e3*bench.Median(c.took).Seconds(), c.name+"-ms")
	}
}
