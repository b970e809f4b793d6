package train

import (
	"context"
	"fmt"

	"github.com/fwlab/fw/core/interp"
)

// evaluate runs the eval ops of a step: a loss that computes on copied tensors.
func (p *Plugins) evaluate(ctx context.Context) interp.Eval {
	ctx = context.WithoutCancel(ctx) // an interrupt lets the step end
	return func(callee string, in []interp.Tensor) ([]interp.Tensor, error) {
		if callee != "loss" || p.Loss == nil {
			return nil, fmt.Errorf("eval: expected the callee loss, found %q", callee)
		}
		return p.Loss.Eval(ctx, in)
	}
}
