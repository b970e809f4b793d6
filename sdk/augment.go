package sdk

import (
	"errors"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
)

// Augmenter applies a photometric recipe to a cropped picture.
type Augmenter interface {
	Augment(v *Views, img Image) Image
}

// Index is which of the task's calls of Augment a recipe is traced for, from 0.
func (v *Views) Index() int { return v.req.View }

// Augment declares an augmentation.
func Augment(id, version string, a Augmenter) *Plugin {
	p := newPlugin("augment", id, version, "trace")
	p.trace = func(req *wire.TraceRequest) (*ir.Program, error) {
		return augmenting(req, func(v *Views, img Image) Image { return a.Augment(v, img) })
	}
	return p
}

func augmenting(req *wire.TraceRequest, f func(v *Views, img Image) Image) (*ir.Program, error) {
	return tracing(req, func(b *Builder) {
		v := &Views{Builder: b, req: req}
		if len(req.Inputs) != 1 {
			b.Fail("an augmentation takes one picture")
		}
		b.Output("image", f(v, Image{b.Input("image", req.Inputs[0].Shape), v}).Value)
	})
}

// Pixels is a picture's levels, row by row, C of each pixel.
type Pixels struct {
	H, W, C int
	Pix     []uint8
}

// Retoucher changes a picture's levels in place by ordinary code: what cannot be
// traced. view is which of the task's calls of Augment it is. The same arguments
// must give the same picture.
type Retoucher interface {
	Retouch(k *Key, view int, img Pixels) error
}

// EvalAugment declares an augmentation that computes on pixels. Each batch's
// pictures are copied to the plugin and back, so a traced recipe is always faster.
func EvalAugment(id, version string, a Retoucher) *Plugin {
	p := newPlugin("augment", id, version, "eval")
	p.trace = func(req *wire.TraceRequest) (*ir.Program, error) {
		return augmenting(req, func(v *Views, img Image) Image {
			return Image{v.Emit("call", []Value{img.Value}, ir.String("callee", "pixels"), ir.Int("view", req.View), ir.OfShape("shape", img.Shape()))[0], v}
		})
	}
	p.eval = func(req *wire.EvalRequest) (*wire.EvalReply, error) { return retouched(id, a, req) }
	return p
}

func retouched(id string, a Retoucher, req *wire.EvalRequest) (*wire.EvalReply, error) {
	bad := errors.New(id + ": expected pictures u8[n,H,W,C], keys u32[n,2] and views i32[n]")
	if len(req.Inputs) != 3 {
		return nil, bad
	}
	pictures, keys, views := req.Inputs[0], req.Inputs[1], req.Inputs[2]
	d := pictures.Shape.Dims
	if len(d) != 4 || !keys.Shape.Equal(shape.Of(dtype.U32, d[0], 2)) || !views.Shape.Equal(shape.Of(dtype.I32, d[0])) || pictures.Shape.DType != dtype.U8 {
		return nil, bad
	}
	for _, t := range req.Inputs {
		if len(t.Data) != t.Shape.Bytes() {
			return nil, bad
		}
	}
	item := d[1] * d[2] * d[3]
	for i := range d[0] {
		key := rng.Key{word(keys.Data[8*i:]), word(keys.Data[8*i+4:])}.Stream()
		img := Pixels{d[1], d[2], d[3], pictures.Data[i*item:][:item:item]}
		if err := a.Retouch(&key, int(word(views.Data[4*i:])), img); err != nil {
			return nil, errors.New(id + ": " + err.Error())
		}
	}
	return &wire.EvalReply{Outputs: []wire.Tensor{{Shape: pictures.Shape, Data: pictures.Data}}}, nil
}
