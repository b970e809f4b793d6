package train

import (
	"errors"
	"fmt"

	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/plan"
)

// MemoryError is a budget that the step cannot meet.
type MemoryError struct {
	Least, Budget int // bytes in all
	Fixed         int // of them that no plan changes
}

// Error implements error.
func (e *MemoryError) Error() string {
	return fmt.Sprintf("train: memory: the step needs at least %d bytes (%s), of which state, batches and scratch memory are %s; found %s. A smaller batch_size or micro_batch needs less",
		e.Least, plan.Size(e.Least), plan.Size(e.Fixed), plan.Size(e.Budget))
}

// Planned is the bytes of what is planned for a training: the step's values, inputs
// and scratch memory, its copy of the state, and the batches that are filled ahead.
func (t *Trainer) Planned() int {
	return t.Exec.Memory() + t.beside()
}

// beside is the bytes that training takes beside its executables.
func (t *Trainer) beside() (n int) {
	if t.CheckFinite {
		n = t.State.bytes()
	}
	if t.update != nil {
		n += t.update.own()
	}
	return n + t.LoadedAhead()
}

// LoadedAhead is the bytes of the batches that are filled ahead, or of the parts of them.
func (t *Trainer) LoadedAhead() (n int) {
	for _, o := range t.program.Outputs {
		n += loaderBatches * o.Shape.Bytes()
	}
	return n
}

func (s *State) bytes() (n int) {
	for _, t := range s.tensors {
		n += len(t.Data)
	}
	return n
}

// fit makes f's values fit the budget, if there is one.
func (t *Trainer) fit(f *ir.Func, aliases map[string]string) (*ir.Func, error) {
	if t.Config.Memory == 0 {
		return f, nil
	}
	scratch, err := exec.Scratch(f, exec.Options{Pool: t.Pool, Eval: t.evaluate, Fours: t.Config.Fours})
	if err != nil {
		return nil, err
	}
	fixed := scratch + t.beside()
	for _, in := range f.Inputs {
		fixed += f.Shape(in.Value).Bytes()
	}
	t.Fitted, err = plan.Fit(f, aliases, t.Config.Memory-fixed)
	if small := (*plan.TooSmall)(nil); errors.As(err, &small) {
		return nil, &MemoryError{Least: fixed + small.Least, Budget: t.Config.Memory, Fixed: fixed}
	}
	if err != nil {
		return nil, err
	}
	return t.Fitted.Func, nil
}
