package train

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/tensor"
)

// Module is a network of another run, or of a file.
type Module struct {
	Source  string                   // of its errors: a file
	Tensors map[string]tensor.Tensor // by their names within it
}

// ModuleError is a module that the task asks for and does not get, or the other way round.
type ModuleError struct {
	Name string
	Err  error
}

func (e *ModuleError) Error() string { return "modules." + e.Name + ": " + e.Err.Error() }
func (e *ModuleError) Unwrap() error { return e.Err }

// counted is what PyTorch's batch normalisations keep beside their statistics, and
// nothing here reads.
const counted = "num_batches_tracked"

// adopt gives the task's pretrained modules what they start as: each of their tensors
// must be given with its shape, and no other.
func (t *Trainer) adopt(s *State) error {
	for _, name := range slices.Sorted(maps.Keys(t.Modules)) {
		if !slices.Contains(t.Flat.Pretrained, name) {
			return &ModuleError{name, fmt.Errorf("pretext %q takes no module of that name; it takes %s", t.Plugins.Pretext.ID, words(t.Flat.Pretrained))}
		}
	}
	for _, name := range t.Flat.Pretrained {
		m, ok := t.Modules[name]
		if !ok {
			return &ModuleError{name, fmt.Errorf("pretext %q takes this module from elsewhere: expected a section [modules.%s] with the run or file it is from, found none", t.Plugins.Pretext.ID, name)}
		}
		if err := s.take(t.Flat, name, m); err != nil {
			return &ModuleError{name, err}
		}
	}
	return nil
}

func words(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// take copies a module's tensors over those under a scope.
func (s *State) take(flat *link.Flat, scope string, m Module) error {
	left := maps.Clone(m.Tensors)
	maps.DeleteFunc(left, func(name string, _ tensor.Tensor) bool {
		return name == counted || strings.HasSuffix(name, "."+counted)
	})
	for _, kind := range []struct {
		prefix string
		leaves []*link.Leaf
	}{{link.ParamPrefix, flat.Params}, {link.StatePrefix, flat.States}} {
		for _, leaf := range kind.leaves {
			name, ok := strings.CutPrefix(leaf.Name, scope+".")
			if !ok {
				continue
			}
			x, ok := left[name]
			switch {
			case !ok:
				return fmt.Errorf("%s has no %s, which is declared at %s:%d as %s", m.Source, name, leaf.Loc.File, leaf.Loc.Line, leaf.Shape)
			case !x.Shape.Equal(leaf.Shape):
				return fmt.Errorf("%s: %s: expected %s, as declared at %s:%d, found %s; the task must describe it as the run that trained it did", m.Source, name, leaf.Shape, leaf.Loc.File, leaf.Loc.Line, x.Shape)
			case x.Shape.DType == dtype.F32 && badValue(x.F32()) >= 0:
				return fmt.Errorf("%s: %s: element %d is not finite", m.Source, name, badValue(x.F32()))
			}
			copy(s.tensors[kind.prefix+leaf.Name].Data, x.Data)
			delete(left, name)
		}
	}
	if more := slices.Sorted(maps.Keys(left)); len(more) > 0 {
		return fmt.Errorf("%s has %s, which the task's module does not; the task must describe it as the run that trained it did", m.Source, more[0])
	}
	return nil
}
