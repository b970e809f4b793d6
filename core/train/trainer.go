package train

import (
	"context"
	"maps"
	"math"
	"runtime/debug"
	"time"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/localize"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/plan"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/samples"
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
	BF16      bool // the step stores activations as bfloat16: [compile.BF16]
	Fours     bool // its convolutions may go by F(4x4,3x3): [exec.Options]
	Memory    int  // most bytes of what is planned; 0: no bound
	Parts     int  // that a batch is done in, each of Facts.Batch images; 0 is 1
	// CheckFinite looks at the whole state after each step, not at the loss
	// alone, and keeps a copy of the state before it.
	CheckFinite bool
	// Localization gives the crop strategy boxes; nil: none.
	Localization *localize.Schedule
	// Modules are what pretrained modules of the task start as, by name.
	Modules map[string]Module
}

// Trainer is a step ready to run, with its state.
type Trainer struct {
	Config
	Stages   map[string]*ir.Func // traced, linked, grad, compiled, and update where batches are done in parts: for people who look
	Flat     *link.Flat
	State    *State
	Exec     *exec.Executable
	Pool     *pool.Pool
	Step     int // updates done
	Skipped  []view.Replacement
	DataWait time.Duration // time the step waited for its batch
	Loading  view.Timing   // of the batches so far
	// KeepBatch makes every Run use the batch that the first one loads, which is then
	// the last that is loaded: to time the step alone.
	KeepBatch bool
	// LossClasses is K where guessing gives a loss of ln K: the width of the one
	// log-softmax that the loss is made of; 0 where there is none, or several.
	LossClasses int
	Fitted      *plan.Fitted // to Memory; nil without

	// Cut is what becomes of the objective where a batch is done in parts; nil otherwise.
	Cut *samples.Verdict

	before *State     // what a failed step is taken back to: the whole state with CheckFinite, otherwise what the parts of a batch change
	update *update    // behind the parts of a batch; nil where it is done at once
	boxes  []view.Box // of each image, with Localization
	phases []*phase
	// fellBack is the share of the last step's crops for which no draw fitted.
	fellBack float64
	draw     []int32 // the images that an epoch goes through; nil: all, each once

	root     rng.Key
	program  *view.Program
	loader   *loader
	held     *loaded // the batch in use
	values   map[string]float64
	ports    ports
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
	views, err := c.Plugins.Views(ctx, c.Facts)
	if err != nil {
		return err
	}
	if t.program, err = view.New(views, c.Data, c.Facts.Batch, c.Mean, c.Std, c.Plugins.Calls(ctx)); err != nil {
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
	t.evaluate = c.Plugins.evaluate(ctx)
	step, err := optim.Append(flat, c.Optim)
	if err != nil {
		return err
	}
	t.slots = step.Slots
	if t.State, err = t.Fresh(); err != nil {
		return err
	}
	part, aliases, shared := flat.Func, step.Aliases, t.State.Buffers()
	if c.Parts > 1 {
		if err := t.divisible(ctx); err != nil {
			return err
		}
		s, err := optim.Parts(flat.Func, step, c.Parts)
		if err != nil {
			return err
		}
		if t.update, err = t.newUpdate(s, shared); err != nil {
			return err
		}
		part, aliases = s.Part, s.PartAliases
	}
	t.Stages["grad"] = part
	compiled, err := compile.Func(part, t.passes()...)
	if err != nil {
		return err
	}
	if compiled, err = t.fit(plan.Schedule(compiled, aliases), aliases); err != nil {
		return err
	}
	t.Stages["compiled"] = compiled
	debug.FreeOSMemory() // what tracing left behind, before the arena is taken
	if t.Exec, err = exec.New(compiled, exec.Options{Pool: t.Pool, Aliases: aliases, Inputs: shared, Eval: t.evaluate, Fours: t.Config.Fours}); err != nil {
		return err
	}
	if c.Plugins.Crop != nil { // after the rest: what answers may have been getting ready beside it
		if _, err := c.Plugins.Crop.Crops(ctx, view.CropRequest{}); err != nil { // of no image: it may refuse its parameters
			return err
		}
	}
	if c.CheckFinite {
		t.before = t.State.clone(nil)
	} else if t.update != nil {
		t.before = t.State.clone(aliases)
	}
	if err := t.initBoxes(ctx); err != nil {
		return err
	}
	if err := t.buildPhases(ctx); err != nil {
		return err
	}
	t.ports, t.values = portsOf(t.Exec, t.program.Outputs), map[string]float64{}
	return nil
}

// passes are the compiler's that the configuration asks for.
func (c *Config) passes() (more []compile.Pass) {
	if c.BF16 {
		more = append(more, compile.BF16)
	}
	return more
}

// Fresh is the state as it was before the first step.
func (t *Trainer) Fresh() (*State, error) {
	s, err := NewState(t.Flat, t.slots, t.root, t.Pool)
	if err == nil {
		err = t.adopt(s)
	}
	return s, err
}

// BatchSize is the images of an update.
func (t *Trainer) BatchSize() int { return t.Facts.Batch * t.parts() }

func (t *Trainer) parts() int { return max(1, t.Config.Parts) }

// FLOPs counts the multiplications and additions of products and convolutions in an update.
func (t *Trainer) FLOPs() int64 { return t.Exec.FLOPs() * int64(t.parts()) }

// StepsPerEpoch drops the last, smaller batch.
func (t *Trainer) StepsPerEpoch() int { return t.Data.Len() / t.BatchSize() }

// Run does one update and returns its loss and metrics, which the next Run
// overwrites. Where a value is not finite the error is a *NotFiniteError. After any
// error the update does not count, and the next Run has the same batch.
func (t *Trainer) Run() (loss float64, metrics map[string]float64, err error) {
	defer func() {
		if err != nil {
			t.undo()
			t.rewind()
		}
	}()
	t.keep()
	t.fellBack = 0
	if t.update != nil {
		t.update.begin()
	}
	metrics = t.values
	clear(metrics)
	for i := range t.parts() {
		x, err := t.part(i, metrics)
		if err != nil {
			return x, nil, err
		}
		loss += x / float64(t.parts())
	}
	if t.update != nil {
		if err := t.update.run(t, metrics); err != nil {
			return 0, nil, err
		}
	}
	if t.CheckFinite && t.State.notFinite() != "" {
		return loss, nil, t.diverged(loss)
	}
	t.Step++
	return loss, metrics, nil
}

// keep remembers the state before a step.
func (t *Trainer) keep() {
	if t.before != nil {
		t.before.copyFrom(t.State.tensors)
	}
}

// undo is the state before the step, as far as it was kept.
func (t *Trainer) undo() {
	if t.before != nil {
		t.State.copyFrom(t.before.tensors)
	}
}

// part does one part of a batch, and adds its share to the metrics.
func (t *Trainer) part(i int, metrics map[string]float64) (loss float64, err error) {
	if t.held == nil {
		if err := t.load(); err != nil {
			return 0, err
		}
	}
	t.ports.feed(t.held.program, t.held.indices, t.Data)
	k := t.stepKey(t.Step)
	if t.parts() > 1 {
		k = k.Fold(uint64(i))
	}
	t.ports.clock(t.Step, t.Optim.Steps, k)
	share, _ := t.held.program.FellBack()
	t.fellBack += share / float64(t.parts())
	if !t.KeepBatch {
		t.loader.free <- t.held.program
		t.held = nil
	}
	if err := t.Exec.Run(); err != nil {
		return 0, err
	}
	loss = number(t.ports.loss)
	if math.IsNaN(loss) || math.IsInf(loss, 0) || t.CheckFinite && t.update != nil && t.update.notFinite() {
		return loss, t.diverged(loss)
	}
	t.ports.add(metrics, 1/float64(t.parts()))
	return loss, nil
}

func (t *Trainer) stepKey(step int) rng.Key { return t.root.FoldString("step").Fold(uint64(step)) }

// load waits for the batch, or the part of one, that is next.
func (t *Trainer) load() error {
	if t.loader == nil {
		t.loader = newLoader(t)
	}
	began := time.Now()
	b := <-t.loader.ready
	t.DataWait += time.Since(began)
	if b.err != nil {
		return b.err
	}
	t.Skipped = append(t.Skipped, b.skipped...)
	t.Loading.Add(b.program.Timing)
	t.held = &b
	if t.KeepBatch {
		t.rewind()
	}
	return nil
}

// Key is the root of the run's randomness.
func (t *Trainer) Key() rng.Key { return t.root }

// Views is the view program filled as the given epoch would see the batch, with
// explanations.
func (t *Trainer) Views(epoch int, indices []int) (*view.Program, error) {
	p := t.program.Fork()
	p.Boxes, p.Explain = t.boxesIn(epoch), true
	_, err := p.Fill(t.Pool, indices, t.viewKey(epoch))
	return p, err
}

// Crops is what the given epoch crops of a batch, relative to each image.
func (t *Trainer) Crops(epoch int, indices []int) ([][]view.Box, error) {
	return t.CropsBy(t.boxesIn(epoch), epoch, indices)
}

// CropsBy is what the given epoch would crop if the crop strategy were told these
// boxes, one for each training image; nil: that none are known.
func (t *Trainer) CropsBy(boxes []view.Box, epoch int, indices []int) ([][]view.Box, error) {
	p := t.program.Fork()
	p.Boxes = boxes
	if err := p.Crop(t.Pool, indices, t.viewKey(epoch)); err != nil {
		return nil, err
	}
	list := make([][]view.Box, len(indices))
	for i := range list {
		list[i] = p.Cropped(i)
	}
	return list, nil
}

// FellBack is the share of the last step's crops for which the crop strategy found no
// draw that fits; false where views are not cropped.
func (t *Trainer) FellBack() (share float64, crops bool) {
	_, crops = t.program.FellBack()
	return t.fellBack, crops
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
