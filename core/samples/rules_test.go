package samples

import (
	"testing"

	"github.com/fwlab/fw/core/op"
)

// joins are the ops that are taken to join the images of a batch wherever they read
// any: gradients, which no loss is made of, and ops that write to or read from
// places that are computed.
var joins = []string{
	"constant", "iota", // read nothing
	"eval", // a plugin's own code
	"stop_gradient",
	"dynamic_slice", "dynamic_update_slice", "scatter", "select_and_scatter", "symmetric_eigen",
	"conv_weight_grad", "batch_norm_grad", "layer_norm_grad", "scaled_dot_product_attention_grad",
	"softmax_grad", "log_softmax_grad",
}

// Whoever adds an op decides whether it keeps images apart.
func TestEveryOpIsDecided(t *testing.T) {
	listed := map[string]bool{}
	for _, name := range joins {
		listed[name] = true
		if op.Lookup(name) == nil {
			t.Errorf("%s is no op", name)
		}
	}
	for _, d := range op.All() {
		_, has := rules[d.Name]
		if d.Class == op.Data && has == listed[d.Name] {
			t.Errorf("%s: expected a row of rules or of joins", d.Name)
		}
	}
	for name := range rules {
		if op.Lookup(name) == nil {
			t.Errorf("%s is no op", name)
		}
	}
}
