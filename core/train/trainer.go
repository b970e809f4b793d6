package train

import (
	"context"
	"encoding/binary"
	"maps"
	"math"
	"time"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/localize"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/view"
)

// Config of a training.
type Config struct {
	Plugins   Plugins
	Facts     Facts
	Data      data.Dataset
	Mean, Std []float64
	Optim     optim.Config
	Seed      uint64
	Workers   int
	// CheckFinite looks at the whole state after each step, not at the loss
	// alone, and keeps a copy of the state before it.
	CheckFinite bool
	// Localization gives the crop strategy boxes; nil: none.
	Localization *localize.Schedule
}

// Trainer is a step ready to run, with its state.
type Trainer struct {
	Config
	Stages   map[string]*ir.Func // traced, linked, grad, compiled: for people who look
	Flat     *link.Flat
	State    *State
	Exec     *exec.Executable
	Pool     *pool.Pool
	Step     int // updates done
	Skipped  []view.Replacement
	DataWait time.Duration // time the step waited for its batch
	// LossClasses is K where guessing gives a loss of ln K: the width of the one
	// log-softmax that the loss is made of; 0 where there is none, or several.
	LossClasses int

	before *State     // the last step, with CheckFinite
	boxes  []view.Box // of each image, with Localization
	phases []*phase
	draw   []int32 // the images that an epoch goes through; nil: all, each once

	root     rng.Key
	program  *view.Program
	loader   *loader
	metrics  []string
	slots    []optim.Slot
	evaluate interp.Eval
}

// NewTrainer traces, links, differentiates, compiles and plans the step.
func NewTrainer(ctx context.Context, c Config) (*Trainer, error) {
	t := &Trainer{Config: c, root: rng.New(c.Seed), Stages: map[string]*ir.Func{}, Pool: pool.New(c.Workers)}
	if err := t.build(ctx); err != nil {
		t.Pool.Close()
		return nil, err
	}
	return t, nil
}

func (t *Trainer) build(ctx context.Context) error {
	c := &t.Config
	if c.Plugins.Crop != nil {
		if _, err := c.Plugins.Crop.Crops(ctx, nil, nil, nil); err != nil { // of no image: it may refuse its parameters
			return err
		}
	}
	views, err := c.Plugins.Views(ctx, c.Facts)
	if err != nil {
		return err
	}
	crops := func(sizes [][2]int, boxes []view.Box, keys []rng.Key) ([]view.Rect, error) {
		return c.Plugins.Crop.Crops(context.WithoutCancel(ctx), sizes, boxes, keys) // an interrupt lets the step end
	}
	if t.program, err = view.New(views, c.Data, c.Facts.Batch, c.Mean, c.Std, crops); err != nil {
		return err
	}
	traced, flat, err := c.Plugins.Objective(ctx, c.Facts, t.program.Outputs)
	if err != nil {
		return err
	}
	if err := checkNames(flat, c.Facts.Samples); err != nil {
		return err
	}
	t.Flat, t.LossClasses = flat, lossClasses(flat.Func)
	t.Stages["views"], t.Stages["traced"], t.Stages["linked"] = views, traced, flat.Func.Clone()
	slots, aliases, err := optim.Append(flat, c.Optim)
	if err != nil {
		return err
	}
	t.slots = slots
	t.Stages["grad"] = flat.Func
	compiled, err := compile.Func(flat.Func)
	if err != nil {
		return err
	}
	t.Stages["compiled"] = compiled
	if t.State, err = t.Fresh(); err != nil {
		return err
	}
	t.evaluate = c.Plugins.evaluate(ctx)
	if t.Exec, err = exec.New(compiled, exec.Options{Pool: t.Pool, Aliases: aliases, Inputs: t.State.Buffers(), Eval: t.evaluate}); err != nil {
		return err
	}
	if c.CheckFinite {
		t.before = t.State.clone()
	}
	if err := t.initBoxes(ctx); err != nil {
		return err
	}
	if err := t.buildPhases(ctx); err != nil {
		return err
	}
	for _, o := range compiled.Outputs {
		if len(o.Name) > len(link.MetricPrefix) && o.Name[:len(link.MetricPrefix)] == link.MetricPrefix {
			t.metrics = append(t.metrics, o.Name)
		}
	}
	return nil
}

// Fresh is the state as it was before the first step.
func (t *Trainer) Fresh() (*State, error) { return NewState(t.Flat, t.slots, t.root, t.Pool) }

// StepsPerEpoch drops the last, smaller batch.
func (t *Trainer) StepsPerEpoch() int { return t.Data.Len() / t.Facts.Batch }

// Run does one update and returns its loss and metrics. Where a value is not
// finite the error is a *NotFiniteError. After any error the update does not
// count, and the next Run has the same batch.
func (t *Trainer) Run() (loss float64, metrics map[string]float64, err error) {
	defer func() {
		if err != nil {
			t.rewind()
		}
	}()
	if t.loader == nil {
		t.loader = newLoader(t)
	}
	began := time.Now()
	b := <-t.loader.ready
	t.DataWait += time.Since(began)
	if b.err != nil {
		return 0, nil, b.err
	}
	t.Skipped = append(t.Skipped, b.skipped...)
	for _, o := range b.program.Outputs {
		if in, ok := t.Exec.Input(link.BatchPrefix + o.Name); ok {
			copy(in.U8, o.Data)
		}
	}
	t.set(link.StepInput, uint32(t.Step))
	t.set(link.StepsInput, uint32(t.Optim.Steps))
	k := t.root.FoldString("step").Fold(uint64(t.Step))
	t.set(link.KeyInput, k[0], k[1])
	indices := make([]uint32, len(b.indices))
	for i, x := range b.indices {
		indices[i] = uint32(x)
	}
	t.set(link.IndexInput, indices...)
	t.set(link.LabelInput, t.labels(b.indices)...)
	t.loader.free <- b.program
	if t.before != nil {
		t.before.copyFrom(t.State.tensors)
	}
	if err := t.Exec.Run(); err != nil {
		return 0, nil, err
	}
	loss = t.scalar(link.LossOutput)
	if math.IsNaN(loss) || math.IsInf(loss, 0) || t.before != nil && t.State.notFinite() != "" {
		return loss, nil, t.diverged(loss)
	}
	t.Step++
	metrics = map[string]float64{}
	for _, m := range t.metrics {
		metrics[m[len(link.MetricPrefix):]] = t.scalar(m)
	}
	return loss, metrics, nil
}

func (t *Trainer) set(name string, words ...uint32) {
	if b, ok := t.Exec.Input(name); ok {
		for i, w := range words {
			binary.LittleEndian.PutUint32(b.U8[4*i:], w)
		}
	}
}

func (t *Trainer) scalar(name string) float64 {
	b, ok := t.Exec.Output(name)
	if !ok {
		return math.NaN()
	}
	return float64(b.F32[0])
}

// labels is what the dataset says of images, -1 where it says nothing.
func (t *Trainer) labels(indices []int) []uint32 {
	labels := make([]uint32, len(indices))
	for i, x := range indices {
		labels[i] = ^uint32(0)
		if l, ok := t.Data.Label(x); ok {
			labels[i] = uint32(l)
		}
	}
	return labels
}

// Key is the root of the run's randomness.
func (t *Trainer) Key() rng.Key { return t.root }

// Views is the view program filled as the given epoch would see the batch.
func (t *Trainer) Views(epoch int, indices []int) (*view.Program, error) {
	p := t.program.Fork()
	p.Boxes = t.boxesIn(epoch)
	_, err := p.Fill(t.Pool, indices, t.viewKey(epoch))
	return p, err
}

func (t *Trainer) viewKey(epoch int) rng.Key { return t.root.FoldString("views").Fold(uint64(epoch)) }

// rewind drops the batches that were filled ahead.
func (t *Trainer) rewind() {
	if t.loader != nil {
		t.loader.stop()
		t.loader = nil
	}
}

// Close stops the loader and the workers.
func (t *Trainer) Close() {
	t.rewind()
	t.Pool.Close()
}

// Items is everything kept between steps, for a checkpoint, in order of name.
func (t *Trainer) Items() []tensor.Item {
	all := maps.Clone(t.State.tensors)
	if t.Localization != nil {
		all[boxesName] = boxesTensor(t.boxes)
	}
	if t.draw != nil {
		all[drawName] = tensor.FromI32(t.draw, len(t.draw))
	}
	return tensor.Items(all)
}

// Restore goes on from a state after some steps. It comes before the first Run.
// On an error the state is as it was.
func (t *Trainer) Restore(step int, items map[string]tensor.Tensor) error {
	state, boxes, draw := maps.Clone(items), t.boxes, t.draw
	if t.Localization != nil {
		var err error
		if boxes, err = boxesOf(items[boxesName], len(t.boxes)); err != nil {
			return err
		}
		delete(state, boxesName)
	}
	if t.draw != nil {
		var err error
		if draw, err = drawOf(items[drawName], len(t.draw)); err != nil {
			return err
		}
		delete(state, drawName)
	}
	if err := t.State.Restore(state); err != nil {
		return err
	}
	t.Step, t.boxes, t.draw = step, boxes, draw
	return nil
}

// loader fills the batch after the one in use, on workers of its own. Batches
// are a function of the step, so their order never depends on timing.
type loader struct {
	ready chan loaded
	free  chan *view.Program
	quit  chan struct{}
	done  chan struct{}
}

type loaded struct {
	program *view.Program
	indices []int
	skipped []view.Replacement
	err     error
}

func newLoader(t *Trainer) *loader {
	l := &loader{make(chan loaded, 1), make(chan *view.Program, 3), make(chan struct{}), make(chan struct{})}
	for range 2 {
		l.free <- t.program.Fork()
	}
	workers := pool.New(t.Workers)
	go func() {
		defer close(l.done)
		defer workers.Close()
		per := t.StepsPerEpoch()
		var order []int
		for step, epoch := t.Step, -1; ; step++ {
			if e := step / per; e != epoch {
				epoch, order = e, data.Order(t.root, e, t.Data.Len())
			}
			var p *view.Program
			select {
			case p = <-l.free:
			case <-l.quit:
				return
			}
			p.Boxes = t.boxesIn(epoch)
			b := loaded{program: p, indices: t.drawn(order[step%per*t.Facts.Batch:][:t.Facts.Batch])}
			b.skipped, b.err = p.Fill(workers, b.indices, t.viewKey(epoch))
			select {
			case l.ready <- b:
			case <-l.quit:
				return
			}
		}
	}()
	return l
}

func (l *loader) stop() {
	close(l.quit)
	<-l.done
}
