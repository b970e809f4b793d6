package train

import (
	"context"
	"fmt"
	"maps"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/plan"
	"github.com/fwlab/fw/core/samples"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/view"
)

// PartsError is an objective whose batch cannot be done in parts.
type PartsError struct{ Err error }

// Error implements error.
func (e *PartsError) Error() string { return fmt.Sprintf("train: batch in parts: %v", e.Err) }

// Unwrap implements errors.
func (e *PartsError) Unwrap() error { return e.Err }

// divisible asks whether the mean of the parts' gradients is that of the batch.
func (t *Trainer) divisible(ctx context.Context) error {
	var traced [2]samples.Traced
	for i := range traced {
		f := t.Facts
		f.Batch = t.BatchSize() << i
		var outputs []*view.Output
		for _, o := range t.program.Outputs {
			larger := *o
			larger.Shape.Dims = append([]int{o.Shape.Dims[0] / t.Facts.Batch * f.Batch}, o.Shape.Dims[1:]...)
			outputs = append(outputs, &larger)
		}
		_, flat, err := t.Plugins.Objective(ctx, f, outputs)
		if err != nil {
			return err
		}
		traced[i] = samples.Traced{Flat: flat, Batch: f.Batch}
	}
	var err error
	if t.Cut, err = samples.Divisible(traced[0], traced[1]); err != nil {
		return &PartsError{err}
	}
	return nil
}

// update is what follows the parts of a batch: the optimizer, on the mean of their
// gradients. The sums are zero before the first part, so no step knows another's.
type update struct {
	ex    *exec.Executable
	sums  map[string]tensor.Tensor
	ports ports
}

// newUpdate plans the update, and adds the gradients' memory to what it shares with
// the parts.
func (t *Trainer) newUpdate(s *optim.Split, shared map[string]buf.Buf) (*update, error) {
	u := &update{sums: map[string]tensor.Tensor{}}
	for _, a := range s.Accum {
		u.sums[a.Name] = tensor.New(a.Shape)
	}
	sums := State{u.sums}
	maps.Copy(shared, sums.Buffers())
	f, err := compile.Func(s.Update, t.passes()...)
	if err != nil {
		return nil, err
	}
	f = plan.Schedule(f, s.UpdateAliases)
	t.Stages["update"] = f
	if u.ex, err = exec.New(f, exec.Options{Pool: t.Pool, Aliases: s.UpdateAliases, Inputs: shared, Eval: t.evaluate}); err != nil {
		return nil, err
	}
	u.ports = portsOf(u.ex, nil)
	return u, nil
}

// begin forgets the gradients of the step before.
func (u *update) begin() {
	for _, s := range u.sums {
		clear(s.Data)
	}
}

func (u *update) notFinite() bool {
	sums := State{u.sums}
	return sums.notFinite() != ""
}

func (u *update) run(t *Trainer, metrics map[string]float64) error {
	u.ports.clock(t.Step, t.Optim.Steps, t.stepKey(t.Step))
	if err := u.ex.Run(); err != nil {
		return err
	}
	u.ports.add(metrics, 1)
	return nil
}

// own is the bytes that the update takes beside what it shares with the parts.
func (u *update) own() int { return u.ex.Memory() - u.ex.Plan().Inputs() }
