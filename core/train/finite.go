package train

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/tensor"
)

// NotFiniteError is an update that gave a value which is NaN or infinite.
type NotFiniteError struct {
	Step  int     // the update, counted from 1
	Loss  float64 // of the update
	First string  // what was not finite first, in words; "" if it cannot be told
	// Undone says that the trainer's state is again that before the update. Without
	// it First is only a part of the state that is not finite after the update.
	Undone bool
	Batch  []tensor.Item // what the update read, with the positions in the dataset
}

func (e *NotFiniteError) Error() string {
	s := fmt.Sprintf("train: step %d: the loss is %v", e.Step, e.Loss)
	if !math.IsNaN(e.Loss) && !math.IsInf(e.Loss, 0) {
		s = fmt.Sprintf("train: step %d: the loss is %.4g, but the update is not finite", e.Step, e.Loss)
	}
	switch {
	case e.First != "" && e.Undone:
		s += "; not finite first: " + e.First
	case e.First != "":
		s += "; not finite after it, among others: " + e.First
	}
	return s + "; try a lower learning rate, a longer warm-up or a higher temperature"
}

// notFinite is the first tensor of the state, in order of name, with a value
// that is NaN or infinite; "" if all are finite.
func (s *State) notFinite() string {
	for _, name := range slices.Sorted(maps.Keys(s.tensors)) {
		if t := s.tensors[name]; t.Shape.DType == dtype.F32 && badValue(t.F32()) >= 0 {
			return name
		}
	}
	return ""
}

// badValue is the index of the first NaN or infinity, -1 if there is none.
func badValue(v []float32) int {
	const exponent = 0x7f800000
	for i, x := range v {
		if math.Float32bits(x)&exponent == exponent {
			return i
		}
	}
	return -1
}

// diverged describes the update that was just made, and takes it back if it can.
func (t *Trainer) diverged(loss float64) error {
	e := &NotFiniteError{Step: t.Step + 1, Loss: loss, Batch: t.batch()}
	if name := t.State.notFinite(); name != "" {
		e.First = inWords(name)
	}
	if !t.CheckFinite {
		return e
	}
	t.undo()
	e.Undone = true
	if first, err := t.firstBad(); err != nil {
		e.First += fmt.Sprintf(" (the step could not be followed op by op: %v)", err)
	} else if first != "" {
		e.First = first
	}
	return e
}

// batch copies what the step read besides its state.
func (t *Trainer) batch() (items []tensor.Item) {
	f := t.Exec.Plan().Func
	for _, in := range f.Inputs {
		name, ok := strings.CutPrefix(in.Name, link.BatchPrefix)
		if !ok && in.Name != link.IndexInput {
			continue
		}
		b, _ := t.Exec.Input(in.Name)
		c := tensor.New(f.Shape(in.Value))
		copy(c.Data, b.U8)
		items = append(items, tensor.Item{Name: name, Tensor: c})
	}
	return items
}

// inWords is a flat function's input as people call it.
func inWords(input string) string {
	for prefix, kind := range map[string]string{link.ParamPrefix: "parameter ", link.StatePrefix: "state ", link.OptimPrefix: "optimizer state ", link.BatchPrefix: "the batch's "} {
		if name, ok := strings.CutPrefix(input, prefix); ok {
			return kind + name
		}
	}
	return input
}

// chunk is how many instructions are looked at with one run of the step's beginning.
const chunk = 64

// firstBad runs the step again from the state before it, a longer beginning each
// time, and names the first instruction whose result is NaN or +Inf while its
// operands were not. -Inf alone is a mask's way to say "never".
func (t *Trainer) firstBad() (string, error) {
	f := t.Stages["grad"]
	inputs := map[string]buf.Buf{}
	for _, in := range f.Inputs {
		b, ok := t.Exec.Input(in.Name)
		if !ok {
			continue
		}
		inputs[in.Name] = b
		if f.Shape(in.Value).DType == dtype.F32 && badValue(b.F32) >= 0 {
			return inWords(in.Name), nil
		}
	}
	for from := 0; from < len(f.Instrs); from += chunk {
		to := min(from+chunk, len(f.Instrs))
		head := &ir.Func{Name: f.Name, Inputs: f.Inputs, Shapes: f.Shapes, Instrs: f.Instrs[:to]}
		for i := from; i < to; i++ {
			for j, v := range f.Instrs[i].Out {
				if f.Shape(v).DType == dtype.F32 {
					head.Outputs = append(head.Outputs, ir.Port{Name: outputName(i, j), Value: v})
				}
			}
		}
		compiled, err := compile.Func(head, t.passes()...)
		if err != nil {
			return "", err
		}
		ex, err := exec.New(compiled, exec.Options{Pool: t.Pool, Inputs: inputs, Eval: t.evaluate, Fours: t.Config.Fours})
		if err != nil {
			return "", err
		}
		if err := ex.Run(); err != nil {
			return "", err
		}
		for i := from; i < to; i++ {
			for j := range f.Instrs[i].Out {
				b, ok := ex.Output(outputName(i, j))
				if ok && slices.ContainsFunc(b.F32, func(x float32) bool { return x != x || x > math.MaxFloat32 }) {
					return t.describe(f, i, j), nil
				}
			}
		}
	}
	return "", nil
}

func outputName(instr, result int) string {
	return strconv.Itoa(instr) + "." + strconv.Itoa(result)
}

// describe says in words what an instruction computes, and for whom.
func (t *Trainer) describe(f *ir.Func, i, result int) string {
	in := &f.Instrs[i]
	v := in.Out[result]
	s := fmt.Sprintf("the result of %s, %s", in.Op, f.Shape(v))
	if in.Loc.File != "" {
		s += fmt.Sprintf(", at %s:%d", in.Loc.File, in.Loc.Line)
	}
	for _, o := range f.Outputs {
		if o.Value == v {
			s += ", which is the next " + inWords(o.Name)
			break
		}
	}
	for _, x := range in.In {
		for _, p := range f.Inputs {
			if p.Value == x && p.Name != link.StepInput {
				s += ", from " + inWords(p.Name)
			}
		}
	}
	return s
}
