package op

import (
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

var shownOps = []Def{
	{Name: "picture", In: 1, Class: Link, Doc: "x f32[V*B,H,W,C], normalised as views are or with pixels in [0,1], may be looked at under a name; it is computed where somebody does",
		Attrs: []AttrDef{text("name"), opt(num("pixels"))}, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
			if !f32Rank(in[0], 4) || in[0].Dims[3] != 1 && in[0].Dims[3] != 3 {
				return bad("expected f32[B,H,W,C] of 1 or 3 channels, found ", in[0].String())
			}
			return nil, nil
		}},
}
