// Package client owns the typed side of the plugin boundary: messages out,
// verified programs and rectangles in. Start from [Client].
package client

import (
	"context"
	"fmt"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/view"
	"github.com/fwlab/fw/core/wire"
)

// Client is one plugin with the parameters of an experiment.
type Client struct {
	Host   *host.Plugin
	ID     string
	Params []schema.Named
}

// Describe asks an artifact what plugins it has, and refuses another ABI.
func Describe(ctx context.Context, p *host.Plugin) (reply wire.DescribeReply, err error) {
	b, err := p.Call(ctx, abi.Describe, nil)
	if err != nil {
		return reply, err
	}
	if err := wire.Unmarshal(b, &reply); err != nil {
		return reply, fmt.Errorf("plugin %q: Describe: %w", p.Name, err)
	}
	if reply.ABI != abi.Version || reply.IRVersion != ir.Version {
		return reply, fmt.Errorf("plugin %q speaks ABI %d and programs of version %d, this host %d and %d; build the plugin with this version's SDK, or use another fw",
			p.Name, reply.ABI, reply.IRVersion, abi.Version, ir.Version)
	}
	return reply, nil
}

// maxRounds bounds how often a trace may ask for another shape.
const maxRounds = 64

// Trace asks for a function. While the plugin needs the shape of another
// plugin's result, resolve finds it and the trace starts again.
func (c *Client) Trace(ctx context.Context, req wire.TraceRequest, resolve func(callee string, in []shape.Shape) (shape.Shape, error)) (*ir.Func, error) {
	req.Plugin, req.Params = c.ID, c.Params
	for range maxRounds {
		b, err := c.Host.Call(ctx, abi.Trace, wire.Marshal(nil, &req))
		if err != nil {
			return nil, fmt.Errorf("trace: %s: %w", c.ID, err)
		}
		var reply wire.TraceReply
		if err := wire.Unmarshal(b, &reply); err != nil {
			return nil, fmt.Errorf("trace: %s: %w", c.ID, err)
		}
		if n := reply.Need; n != nil {
			if resolve == nil {
				return nil, fmt.Errorf("trace: %s calls %s, which cannot be called from here", c.ID, n.Callee)
			}
			if n.Out, err = resolve(n.Callee, n.In); err != nil {
				return nil, fmt.Errorf("trace: %s: %w", c.ID, err)
			}
			req.Known = append(req.Known, *n)
			continue
		}
		if reply.Program == nil {
			return nil, fmt.Errorf("trace: %s: the reply has no program", c.ID)
		}
		if err := op.Verify(reply.Program); err != nil {
			return nil, fmt.Errorf("trace: %s: %w", c.ID, err)
		}
		f := reply.Program.Func(req.Func)
		if f == nil {
			return nil, fmt.Errorf("trace: %s: the program has no function %q", c.ID, req.Func)
		}
		for i := range f.Instrs {
			f.Instrs[i].Loc.By = c.ID
		}
		return f, nil
	}
	return nil, fmt.Errorf("trace: %s: still asks for shapes after %d rounds", c.ID, maxRounds)
}

// Crops asks for a rectangle per image.
func (c *Client) Crops(ctx context.Context, r view.CropRequest) ([]view.Rect, error) {
	req := wire.CropRequest{Plugin: c.ID, Params: c.Params}
	for i, s := range r.Sizes {
		req.Height, req.Width = append(req.Height, uint32(s[0])), append(req.Width, uint32(s[1]))
		req.Keys = append(req.Keys, r.Keys[i][0], r.Keys[i][1])
		req.Views = append(req.Views, uint32(r.Views[i]))
	}
	for _, b := range r.Boxes {
		req.Boxes = append(req.Boxes, float64(b.Y0), float64(b.X0), float64(b.Y1), float64(b.X1))
	}
	b, err := c.Host.Call(ctx, abi.Crop, wire.Marshal(nil, &req))
	if err != nil {
		return nil, fmt.Errorf("crop: %s: %w", c.ID, err)
	}
	var reply wire.CropReply
	if err := wire.Unmarshal(b, &reply); err != nil {
		return nil, fmt.Errorf("crop: %s: %w", c.ID, err)
	}
	if len(reply.Rects) != 4*len(r.Sizes) {
		return nil, fmt.Errorf("crop: %s: expected %d rectangles, found %d numbers", c.ID, len(r.Sizes), len(reply.Rects))
	}
	out := make([]view.Rect, len(r.Sizes))
	for i := range out {
		r := reply.Rects[4*i:]
		out[i] = view.Rect{Y: int(r[0]), X: int(r[1]), H: int(r[2]), W: int(r[3])}
	}
	for _, i := range reply.FellBack {
		if int(i) >= len(out) {
			return nil, fmt.Errorf("crop: %s: expected fall-backs among %d rectangles, found one of rectangle %d", c.ID, len(out), i)
		}
		out[i].FellBack = true
	}
	return out, nil
}
