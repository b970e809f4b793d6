package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/fwlab/fw/core/autodiff"
	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/tomlx"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/sdk"
)

type pluginTryCmd struct {
	pluginArg
	In    string   `help:"What it is tried on. A loss: a safetensors file with its inputs by their names. Other kinds: a folder of images." required:"" placeholder:"PATH"`
	Out   string   `help:"Where the results go. A loss: a safetensors file with value and grad.INPUT. Other kinds: a folder." required:"" placeholder:"PATH"`
	Param []string `help:"A parameter, as temperature=0.5; may be repeated." placeholder:"KEY=VALUE" sep:"none"`
	Seed  uint64   `help:"Of all draws." default:"0"`
	Size  int      `help:"Side of the views in pixels." default:"224"`
	Views int      `help:"Of a crop strategy: crops of each image." default:"2"`
	Limit int      `help:"Images to try it on." default:"16"`
}

// trials is what each kind is tried by.
var trials = map[string]func(*pluginTryCmd, *console, *pluginSet, *client.Client, *registry.Resolved) error{
	experiment.Loss:    (*pluginTryCmd).loss,
	experiment.Crop:    (*pluginTryCmd).crops,
	experiment.Pretext: (*pluginTryCmd).views,
	experiment.Augment: (*pluginTryCmd).views,
}

// Run tries the plugin on what the user has.
func (c *pluginTryCmd) Run(con *console) error {
	if c.Size < 1 || c.Views < 1 || c.Limit < 1 {
		return fmt.Errorf("try: expected --size, --views and --limit of 1 or more, found %d, %d and %d", c.Size, c.Views, c.Limit)
	}
	s, r, err := c.open(con)
	if err != nil {
		return err
	}
	defer s.close()
	trial, ok := trials[r.Manifest.Info.Kind]
	if !ok {
		return fmt.Errorf("try: a %s has nothing to show by itself; fw plugin test %s trains with it", r.Manifest.Info.Kind, c.Plugin)
	}
	params, err := assigned(r.Manifest.Info.Params, c.Param)
	if err != nil {
		return err
	}
	x, err := s.client(con.ctx, r, params)
	if err != nil {
		return err
	}
	return trial(c, con, s, x, r)
}

// client makes a plugin callable, once it says what its manifest says.
func (s *pluginSet) client(ctx context.Context, r *registry.Resolved, params []schema.Named) (*client.Client, error) {
	a := s.artifact(r)
	said, err := a.describe(ctx)
	if err == nil {
		err = registry.CheckSelf(&r.Manifest, said)
	}
	return &client.Client{Host: a.host, ID: r.Manifest.Info.ID, Params: params}, err
}

// assigned is every parameter, as assignments or its default has it.
func assigned(specs []schema.Param, assignments []string) ([]schema.Named, error) {
	root, err := tomlx.Parse("", nil)
	if err != nil {
		return nil, err
	}
	var ps tomlx.Problems
	tomlx.Set(root, "--param", assignments, &ps)
	reader := tomlx.NewReader(root, &ps)
	var out []schema.Named
	for i := range specs {
		if v, ok := reader.Need(&specs[i]); ok {
			out = append(out, schema.Named{Name: specs[i].Name, Value: v})
		}
	}
	reader.Done(nil)
	return out, ps.Err()
}

// loss computes the value and the gradients as training does, in its first step.
func (c *pluginTryCmd) loss(con *console, _ *pluginSet, x *client.Client, r *registry.Resolved) error {
	in, names, err := c.inputs(r)
	if err != nil {
		return err
	}
	req := wire.TraceRequest{Func: "loss", Training: true}
	for i, t := range in {
		req.Inputs = append(req.Inputs, wire.Port{Name: names[i], Shape: t.Shape})
	}
	traced, err := x.Trace(con.ctx, req, nil)
	if err != nil {
		return err
	}
	flat, err := link.Flatten(traced, nil)
	if err != nil {
		return err
	}
	outputs, err := differentiated(flat, in, names)
	if err != nil {
		return err
	}
	results, err := c.compute(con.ctx, flat, in, outputs, func(_ string, in []interp.Tensor) ([]interp.Tensor, error) { return x.Eval(con.ctx, in) })
	if err != nil {
		return err
	}
	if err := writeTensors(c.Out, results); err != nil {
		return err
	}
	fmt.Fprintf(con.out, "%s: value %.6g and %d gradients\n", c.Out, results[0].Tensor.F32()[0], len(results)-1)
	return nil
}

// inputs reads what the loss compares.
func (c *pluginTryCmd) inputs(r *registry.Resolved) (in []tensor.Tensor, names []string, err error) {
	names = sdk.Inputs(r.Manifest.Info.Signature)
	if names == nil {
		return nil, nil, fmt.Errorf("try: the inputs of losses of signature %q are not known", r.Manifest.Info.Signature)
	}
	f, err := tensor.Open(c.In)
	if err != nil {
		return nil, nil, fmt.Errorf("try: %w", err)
	}
	defer f.Close()
	for _, name := range names {
		if _, ok := f.Shape(name); !ok {
			return nil, nil, fmt.Errorf("try: %s: expected tensors %q, found %q", c.In, names, f.Names())
		}
		t, err := f.Read(name)
		if err != nil {
			return nil, nil, fmt.Errorf("try: %w", err)
		}
		in = append(in, t)
	}
	return in, names, nil
}

// differentiated appends the gradients; its outputs are the value, then those.
func differentiated(flat *link.Flat, in []tensor.Tensor, names []string) (outputs []string, err error) {
	f := flat.Func
	if len(f.Outputs) != 1 {
		return nil, fmt.Errorf("try: expected one result, found %d", len(f.Outputs))
	}
	f.Outputs[0].Name = "value"
	outputs = []string{"value"}
	var wrt []ir.ID
	for i, t := range in {
		if t.Shape.DType.Float() {
			wrt, outputs = append(wrt, f.Inputs[i].Value), append(outputs, "grad."+names[i])
		}
	}
	grads, err := autodiff.Gradients(f, f.Outputs[0].Value, wrt)
	for i, g := range grads {
		f.Outputs = append(f.Outputs, ir.Port{Name: outputs[i+1], Value: g})
	}
	return outputs, err
}

// compute compiles the function and runs it once.
func (c *pluginTryCmd) compute(ctx context.Context, flat *link.Flat, in []tensor.Tensor, outputs []string, eval interp.Eval) ([]tensor.Item, error) {
	workers := pool.New(0)
	defer workers.Close()
	state, err := train.NewState(flat, nil, rng.New(c.Seed), workers)
	if err != nil {
		return nil, err
	}
	f, err := compile.Func(flat.Func)
	if err != nil {
		return nil, err
	}
	ex, err := exec.New(f, exec.Options{Pool: workers, Inputs: state.Buffers(), Eval: eval})
	if err != nil {
		return nil, err
	}
	for i, p := range flat.Func.Inputs {
		b, ok := ex.Input(p.Name)
		switch key := rng.New(c.Seed).FoldString("step"); {
		case !ok: // nothing reads it
		case i < len(in):
			copy(b.U8, in[i].Data)
		case p.Name == link.KeyInput:
			copy(b.U32, key[:])
		case p.Name == link.StepsInput:
			b.I32[0] = 1
		}
	}
	if err := ex.Run(); err != nil {
		return nil, err
	}
	var items []tensor.Item
	for i, name := range outputs {
		b, _ := ex.Output(name)
		t := tensor.New(flat.Func.Shape(flat.Func.Outputs[i].Value))
		copy(t.F32(), b.F32)
		items = append(items, tensor.Item{Name: name, Tensor: t})
	}
	return items, ctx.Err()
}

func writeTensors(path string, items []tensor.Item) error {
	err := atomicfile.Write(path, func(w io.Writer) error { return tensor.Write(w, items, nil) })
	if err != nil {
		return fmt.Errorf("try: %w", err)
	}
	return nil
}

// in is a file of the results' folder.
func (c *pluginTryCmd) in(name string) string { return filepath.Join(c.Out, name) }
