package train

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/tensor"
)

// State is every tensor that is kept between steps, by the name of the step's input.
type State struct {
	tensors map[string]tensor.Tensor
}

// maxState bounds one state, as a plugin may ask for anything.
const maxState = 8 << 30

// NewState allocates and initialises the state of a flat step. Each tensor has
// a key of its own, so it does not depend on what else there is.
func NewState(flat *link.Flat, slots []optim.Slot, key rng.Key, workers *pool.Pool) (*State, error) {
	s := &State{map[string]tensor.Tensor{}}
	key = key.FoldString("init")
	for _, p := range flat.Params {
		name := p.Name
		if _, source, ok := flat.TargetOf(name); ok {
			name = source // an average starts equal to what it follows
		}
		t, err := initial(p.Shape, p.Attrs, key.FoldString(name), workers)
		if err != nil {
			return nil, fmt.Errorf("train: initial %s: %w", p.Name, err)
		}
		s.tensors[link.ParamPrefix+p.Name] = t
	}
	for _, p := range flat.States {
		if p.Shape.Bytes() > maxState {
			return nil, fmt.Errorf("train: state %s, declared at %s:%d: %s is more than %d GiB", p.Name, p.Loc.File, p.Loc.Line, p.Shape, maxState>>30)
		}
		t, err := initial(p.Shape, p.Attrs, key.FoldString(p.Name), workers)
		if err != nil {
			return nil, fmt.Errorf("train: initial %s: %w", p.Name, err)
		}
		s.tensors[link.StatePrefix+p.Name] = t
	}
	for _, o := range slots {
		s.tensors[o.Name] = tensor.New(o.Shape)
	}
	return s, nil
}

// Buffers gives the state's memory to executables.
func (s *State) Buffers() map[string]buf.Buf {
	out := map[string]buf.Buf{}
	for name, t := range s.tensors {
		out[name] = buf.Of(t.Data)
	}
	return out
}

// Restore takes over the tensors of a checkpoint: each must be there with its
// shape, and no other. On an error the state is as it was.
func (s *State) Restore(from map[string]tensor.Tensor) error {
	for _, name := range slices.Sorted(maps.Keys(s.tensors)) {
		t := s.tensors[name]
		switch f, ok := from[name]; {
		case !ok:
			return fmt.Errorf("train: state: %s is not in the checkpoint", name)
		case !f.Shape.Equal(t.Shape):
			return fmt.Errorf("train: state: %s: expected %s, the checkpoint has %s", name, t.Shape, f.Shape)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if _, ok := s.tensors[name]; !ok {
			return fmt.Errorf("train: state: the checkpoint has %s, the step does not", name)
		}
	}
	s.copyFrom(from)
	return nil
}

// copyFrom takes over the tensors that from has.
func (s *State) copyFrom(from map[string]tensor.Tensor) {
	for name, t := range s.tensors {
		copy(t.Data, from[name].Data)
	}
}

// clone copies the tensors that are among the names, all for nil.
func (s *State) clone(names map[string]string) *State {
	c := &State{map[string]tensor.Tensor{}}
	for name, t := range s.tensors {
		if _, ok := names[name]; ok || names == nil {
			c.tensors[name] = t.Clone()
		}
	}
	return c
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
	if err := atomicfile.Write(path, func(w io.Writer) error { return tensor.Write(w, items, meta) }); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}
