package train

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
)

// State is every tensor that is kept between steps, by the name of the step's input.
type State struct {
	tensors map[string]tensor.Tensor
}

// NewState allocates and initialises the state of a flat step. Each tensor has
// a key of its own, so it does not depend on what else there is.
func NewState(flat *link.Flat, slots []optim.Slot, key rng.Key) *State {
	s := &State{map[string]tensor.Tensor{}}
	key = key.FoldString("init")
	for _, p := range flat.Params {
		name := p.Name
		if _, source, ok := flat.TargetOf(name); ok {
			name = source // an average starts equal to what it follows
		}
		s.tensors[link.ParamPrefix+p.Name] = initial(p.Shape, p.Attrs, key.FoldString(name))
	}
	for _, p := range flat.States {
		s.tensors[link.StatePrefix+p.Name] = initial(p.Shape, p.Attrs, key.FoldString(p.Name))
	}
	for _, o := range slots {
		s.tensors[o.Name] = tensor.New(o.Shape)
	}
	return s
}

func initial(sh shape.Shape, a ir.Attrs, key rng.Key) tensor.Tensor {
	t := tensor.New(sh)
	args, st := a.Floats("args"), key.Stream()
	var draw func() float64
	switch a.Str("init") {
	case "normal":
		draw = func() float64 { return args[0] + args[1]*st.Normal() }
	case "uniform":
		draw = func() float64 { return st.Uniform(args[0], args[1]) }
	case "truncated_normal":
		draw = func() float64 {
			for range 1000 {
				if x := args[0] + args[1]*st.Normal(); x >= args[2] && x <= args[3] {
					return x
				}
			}
			return math.Max(args[2], math.Min(args[3], args[0]))
		}
	default:
		if args[0] == 0 {
			return t
		}
		draw = func() float64 { return args[0] }
	}
	f := t.F32()
	for i := range f {
		f[i] = float32(draw())
	}
	return t
}

// Buffers gives the state's memory to executables.
func (s *State) Buffers() map[string]buf.Buf {
	out := map[string]buf.Buf{}
	for name, t := range s.tensors {
		out[name] = buf.Of(t.Data)
	}
	return out
}

const stepKey = "fw.step"

// Save writes the state after a number of steps, whole or not at all.
func (s *State) Save(path string, step int, meta map[string]string) error {
	m := map[string]string{stepKey: strconv.Itoa(step)}
	for k, v := range meta {
		m[k] = v
	}
	return writeTensors(path, tensor.Items(s.tensors), m)
}

func writeTensors(path string, items []tensor.Item, meta map[string]string) error {
	err := atomicfile.Write(path, func(w io.Writer) error { return tensor.Write(w, items, meta) })
	if err != nil {
		return fmt.Errorf("checkpoint: %w; what was there before is untouched", err)
	}
	return nil
}

// Load reads a checkpoint into the state and returns its step. Every tensor
// must be there with its shape, and no other.
func (s *State) Load(path string) (step int, err error) {
	f, err := tensor.Open(path)
	if err != nil {
		return 0, fmt.Errorf("checkpoint: %w", err)
	}
	defer f.Close()
	if got, want := len(f.Names()), len(s.tensors); got != want {
		return 0, fmt.Errorf("checkpoint: %s: expected %d tensors, found %d", path, want, got)
	}
	for name, t := range s.tensors {
		if err := f.ReadInto(name, t); err != nil {
			return 0, fmt.Errorf("checkpoint: %s: %w", path, err)
		}
	}
	if step, err = strconv.Atoi(f.Metadata()[stepKey]); err != nil || step < 0 {
		return 0, fmt.Errorf("checkpoint: %s: no step number", path)
	}
	return step, nil
}

// Export writes the encoder's parameters and statistics under their own names,
// with num_batches_tracked as PyTorch has it.
func (s *State) Export(path, scope string, step int, meta map[string]string) error {
	var items []tensor.Item
	for name, t := range s.tensors {
		for _, prefix := range []string{link.ParamPrefix, link.StatePrefix} {
			full := prefix + scope + "."
			if len(name) > len(full) && name[:len(full)] == full {
				items = append(items, tensor.Item{Name: name[len(full):], Tensor: t})
				if base, ok := strings.CutSuffix(name[len(full):], ".running_mean"); ok {
					items = append(items, tensor.Item{Name: base + ".num_batches_tracked", Tensor: tensor.FromI32([]int32{int32(step)}), Int64: true})
				}
			}
		}
	}
	return writeTensors(path, items, meta)
}
