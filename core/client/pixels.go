package client

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/view"
	"github.com/fwlab/fw/core/wire"
)

// Pixels has an augmentation of style eval compute pictures of the same size.
func (c *Client) Pixels(ctx context.Context, r view.PixelRequest) ([][]uint8, error) {
	n := len(r.Pix)
	s, item := shape.Of(dtype.U8, n, r.H, r.W, r.C), r.H*r.W*r.C
	var pix, keys, views []byte
	for i, p := range r.Pix {
		pix = append(pix, p...)
		keys = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(keys, r.Keys[i][0]), r.Keys[i][1])
		views = binary.LittleEndian.AppendUint32(views, uint32(r.Views[i]))
	}
	req := wire.EvalRequest{Plugin: c.ID, Params: c.Params, Inputs: []wire.Tensor{
		{Name: "pictures", Shape: s, Data: pix}, {Name: "keys", Shape: shape.Of(dtype.U32, n, 2), Data: keys}, {Name: "views", Shape: shape.Of(dtype.I32, n), Data: views}}}
	b, err := c.Host.Call(ctx, abi.Eval, wire.Marshal(nil, &req))
	if err != nil {
		return nil, fmt.Errorf("augment: %w", err)
	}
	var reply wire.EvalReply
	if err := wire.Unmarshal(b, &reply); err != nil {
		return nil, fmt.Errorf("augment: %s: %w", c.ID, err)
	}
	if len(reply.Outputs) != 1 || !reply.Outputs[0].Shape.Equal(s) || len(reply.Outputs[0].Data) != s.Bytes() {
		return nil, fmt.Errorf("augment: %s: expected one output %s, found %s", c.ID, s, outputs(reply.Outputs))
	}
	out := make([][]uint8, n)
	for i := range out {
		out[i] = reply.Outputs[0].Data[i*item:][:item:item]
	}
	return out, nil
}

// outputs is a reply's tensors in words.
func outputs(list []wire.Tensor) string {
	if len(list) == 0 {
		return "none"
	}
	return fmt.Sprintf("%d, the first %s in %d bytes", len(list), list[0].Shape, len(list[0].Data))
}
