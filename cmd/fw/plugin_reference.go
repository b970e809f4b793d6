package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fwlab/fw/core"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/plugins/builtin"
	"github.com/fwlab/fw/registry"
)

// reference is a small experiment with one plugin in it, and what is built in for the
// rest: to see a plugin at work.
type reference struct {
	width, batch, count int
}

// networks that plugins are tried on, one after the other: not every task runs on
// every network.
var networks = []func(width int) string{
	func(width int) string {
		return fmt.Sprintf("use = \"fw/resnet\"\ndepth = 10\nwidth = %d\nstem = \"cifar\"", width)
	},
	func(width int) string {
		return fmt.Sprintf("use = \"fw/vit\"\npatch = 8\ndim = %d\nheads = 2\ndepth = 2", 8*width)
	},
	func(width int) string { // for tasks that need many features
		return fmt.Sprintf("use = \"fw/resnet\"\ndepth = 10\nwidth = %d\nstem = \"cifar\"", 4*width)
	},
}

// text is the experiment with a plugin on a network.
func (x reference) text(r *registry.Resolved, use, network string) (string, error) {
	i := &r.Manifest.Info
	section := map[string]string{experiment.Pretext: `use = "fw/simclr"`, experiment.Backbone: network}
	section[i.Kind] = fmt.Sprintf("use = %q", filepath.ToSlash(use))
	if i.Kind == experiment.Loss {
		task := ""
		for _, p := range builtin.Plugins() {
			if info := p.Info(); task == "" && info.Kind == experiment.Pretext && info.Signature == i.Signature {
				task = info.ID
			}
		}
		if task == "" {
			return "", fmt.Errorf("no task that is built in needs a loss of signature %q", i.Signature)
		}
		section[experiment.Pretext] = fmt.Sprintf("use = %q", task)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[experiment]\nname = \"reference\"\n\n[data]\ndataset = \"synthetic\"\ncount = %d\nclasses = 4\nimage_size = 32\n\n", x.count)
	for _, kind := range experiment.Kinds() {
		if section[kind] != "" {
			fmt.Fprintf(&b, "[%s]\n%s\n\n", kind, section[kind])
		}
	}
	fmt.Fprintf(&b, "[optim]\nbase_lr = 0.05\n\n[train]\nepochs = 1\nbatch_size = %d\n", x.batch)
	return b.String(), nil
}

// prepare builds the step, on the first network that the plugin runs on. The caller
// closes the session's trainer.
func (x reference) prepare(con *console, s *pluginSet, r *registry.Resolved, use string, workers int) (*core.Session, error) {
	dir, err := os.MkdirTemp("", "fw-reference-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var fault error
	for _, network := range networks {
		text, err := x.text(r, use, network(x.width))
		if err != nil {
			return nil, err
		}
		file := filepath.Join(dir, "reference.toml")
		if err := atomicfile.WriteBytes(file, []byte(text)); err != nil {
			return nil, err
		}
		session, err := x.session(con, s, file, workers)
		if err == nil {
			return session, nil
		}
		if fault == nil {
			fault = err
		}
		if r.Manifest.Info.Kind == experiment.Backbone {
			break // it is the network
		}
	}
	return nil, fault
}

func (x reference) session(con *console, s *pluginSet, file string, workers int) (*core.Session, error) {
	e, err := experiment.Read(file, s)
	if err != nil {
		return nil, err
	}
	return s.prepare(con.ctx, e, workers)
}
