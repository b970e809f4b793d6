package builtin

import (
	"errors"
	"slices"
	"testing"

	"github.com/fwlab/fw/core/train"
)

// An update that fails does not count: tried again it reads the same batch from
// the same state.
func TestAFailedUpdateIsTriedOnTheSameBatch(t *testing.T) {
	tr := mustBoxed(t, "fw/resnet", func(c *train.Config) { c.CheckFinite, c.Optim.LR, c.Localization = true, 1e38, nil })
	var first *train.NotFiniteError
	for try := range 3 {
		var bad *train.NotFiniteError
		for range 10 {
			if _, _, err := tr.Run(); err != nil && !errors.As(err, &bad) {
				t.Fatal(err)
			}
			if bad != nil {
				break
			}
		}
		switch {
		case bad == nil:
			t.Fatal("the training does not diverge")
		case try == 0:
			first = bad
		case bad.Step != first.Step || bad.Error() != first.Error():
			t.Errorf("try %d: %v, expected %v", try, bad, first)
		}
		for i, x := range bad.Batch {
			if !slices.Equal(x.Tensor.Data, first.Batch[i].Tensor.Data) {
				t.Errorf("try %d: %s is of another batch", try, x.Name)
			}
		}
	}
}
