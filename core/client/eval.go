package client

import (
	"context"
	"fmt"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
)

// Eval has the plugin compute on copies of tensors: its value f32[], then the
// gradient for each f32 input.
func (c *Client) Eval(ctx context.Context, in []interp.Tensor) ([]interp.Tensor, error) {
	req := wire.EvalRequest{Plugin: c.ID, Params: c.Params}
	for _, t := range in {
		req.Inputs = append(req.Inputs, wire.Tensor{Shape: t.Shape, Data: t.Bytes()})
	}
	b, err := c.Host.Call(ctx, abi.Eval, wire.Marshal(nil, &req))
	if err != nil {
		return nil, fmt.Errorf("eval: %s: %w", c.ID, err)
	}
	var reply wire.EvalReply
	if err := wire.Unmarshal(b, &reply); err != nil {
		return nil, fmt.Errorf("eval: %s: %w", c.ID, err)
	}
	value := interp.Zeros(shape.F32())
	value.V[0] = reply.Value
	out := []interp.Tensor{value}
	for i, t := range in {
		if t.Shape.DType != dtype.F32 {
			continue
		}
		if len(out) > len(reply.Grads) {
			return nil, fmt.Errorf("eval: %s: expected a gradient for input %d, found %d in all", c.ID, i, len(reply.Grads))
		}
		g := reply.Grads[len(out)-1]
		if !g.Shape.Equal(t.Shape) || len(g.Data) != t.Shape.Bytes() {
			return nil, fmt.Errorf("eval: %s: gradient for input %d: expected %s, found %s in %d bytes", c.ID, i, t.Shape, g.Shape, len(g.Data))
		}
		out = append(out, interp.FromBytes(g.Shape, g.Data))
	}
	if len(reply.Grads) != len(out)-1 {
		return nil, fmt.Errorf("eval: %s: expected %d gradients, found %d", c.ID, len(out)-1, len(reply.Grads))
	}
	return out, nil
}
