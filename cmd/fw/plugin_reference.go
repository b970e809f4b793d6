package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fwlab/fw/core"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/plugins/builtin"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/sdk/sdktest"
)

// reference is a small experiment with one plugin in it, and what is built in for the
// rest: to see a plugin at work.
type reference struct {
	width, batch, count int
}

// stages that plugins are tried on, one after the other: not every task runs on every
// network, or on images of any size.
var stages = []struct {
	imageSize int
	network   func(width int) string
}{
	{32, func(width int) string {
		return fmt.Sprintf("use = \"fw/resnet\"\ndepth = 10\nwidth = %d\nstem = \"cifar\"", width)
	}},
	{32, func(width int) string {
		return fmt.Sprintf("use = \"fw/vit\"\npatch = 8\ndim = %d\nheads = 2\ndepth = 2", 8*width)
	}},
	{32, func(width int) string { // for tasks that need many features
		return fmt.Sprintf("use = \"fw/resnet\"\ndepth = 10\nwidth = %d\nstem = \"cifar\"", 4*width)
	}},
	{224, func(width int) string { // for tasks whose defaults are those of ImageNet
		return fmt.Sprintf("use = \"fw/vit\"\npatch = 16\ndim = %d\nheads = 2\ndepth = 2", 8*width)
	}},
}

// tasks are those that a loss is tried with where the first task of its signature has
// defaults for other images than these.
var tasks = map[string]string{
	"unmask": "use = \"fw/beit-k-means\"\npatch = 8\ncodes = 16\nmasked = 6\nmin_block = 2",
}

// text is the experiment with a plugin on a network.
func (x reference) text(r *registry.Resolved, use, network string, imageSize int) (string, error) {
	i := &r.Manifest.Info
	section := map[string]string{experiment.Pretext: `use = "fw/simclr"`, experiment.Backbone: network}
	section[i.Kind] = fmt.Sprintf("use = %q", filepath.ToSlash(use))
	if i.Kind == experiment.Loss {
		task := tasks[i.Signature]
		for _, p := range builtin.Plugins() {
			if info := p.Info(); task == "" && info.Kind == experiment.Pretext && info.Signature == i.Signature {
				task = fmt.Sprintf("use = %q", info.ID)
			}
		}
		if task == "" {
			return "", fmt.Errorf("no task that is built in needs a loss of signature %q", i.Signature)
		}
		section[experiment.Pretext] = task
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[experiment]\nname = \"reference\"\n\n[data]\ndataset = \"synthetic\"\ncount = %d\nclasses = 4\nimage_size = %d\n\n", x.count, imageSize)
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
	for _, stage := range stages {
		text, err := x.text(r, use, stage.network(x.width), stage.imageSize)
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
		if lacks := (*train.ModuleError)(nil); errors.As(err, &lacks) {
			return nil, sdktest.Skipped("%v", lacks)
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
