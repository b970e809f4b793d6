package op

import (
	"strconv"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// A key is u32[2]. Element i of a result depends on the key and i alone (core/rng).
var randomOps = []Def{
	{Name: "rng_bits", In: 1, Class: Random, Doc: "random words: element i is word i of the key", Attrs: []AttrDef{form("shape")},
		Shape: keyed(dtype.U32)},
	{Name: "rng_uniform", In: 1, Class: Random, Doc: "uniform in [low, high), 24 bits from word i", Attrs: []AttrDef{form("shape"), real("low"), real("high")},
		Shape: keyed(dtype.F32)},
	{Name: "rng_normal", In: 1, Class: Random, Doc: "standard normal, Box-Muller of words 2j and 2j+1 for elements 2j and 2j+1", Attrs: []AttrDef{form("shape")},
		Shape: keyed(dtype.F32)},
	{Name: "rng_beta", In: 1, Class: Random, Doc: "Beta(a, b): element i is the first of the key of part i", Attrs: []AttrDef{form("shape"), real("a"), real("b")},
		Shape: func(in []shape.Shape, attrs ir.Attrs) ([]shape.Shape, error) {
			if a, b := attrs.Float("a", 0), attrs.Float("b", 0); !(a > 0 && b > 0) || a+b-(a+b) != 0 {
				return bad("expected finite a and b above 0")
			}
			return keyed(dtype.F32)(in, attrs)
		}},
	{Name: "rng_permutation", In: 1, Class: Random, Doc: "a uniform permutation of 0..n-1", Attrs: []AttrDef{num("n")},
		Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if err := isKey(in[0]); err != nil {
				return nil, err
			}
			return dims(dtype.I32, a.Int("n", 0))
		}},
	{Name: "rng_fold_in", In: 2, Class: Random, Doc: "the key of part y (i32 or u32 scalar) of key x", Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if err := isKey(in[0]); err != nil {
			return nil, err
		}
		if in[1].Rank() != 0 || !admits(integers, in[1].DType) {
			return bad("expected an integer scalar, found ", in[1].String())
		}
		return one(in[0])
	}},
}

func keyed(d dtype.DType) Rule {
	return func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
		if err := isKey(in[0]); err != nil {
			return nil, err
		}
		s := a.ShapeOf("shape")
		if s.DType != d {
			return bad("expected a ", d.String(), " shape, found ", s.String())
		}
		return one(s)
	}
}

func isKey(s shape.Shape) error {
	if !s.Equal(shape.Of(dtype.U32, 2)) {
		_, err := bad("expected a key u32[2], found ", s.String())
		return err
	}
	return nil
}

var linkOps = []Def{
	{Name: "param", Class: Link, Doc: "a trainable parameter, by name within its module; init is constant, normal, uniform, truncated_normal, unit_normal or table with args (value | mean, std | low, high | mean, std, low, high | none: normal draws divided by their Euclidean norm along the last dimension | every element); lr scales its rate, fixed_lr leaves it out of the schedule, no_decay out of weight decay, frozen holds it until that step (-1: for ever), unit_rows divides its rows by their lengths before each step",
		Attrs: []AttrDef{form("shape"), text("name"), text("init"), {Name: "args", Kind: ir.KindFloats}, opt(real("lr")), opt(num("fixed_lr")), opt(num("no_decay")), opt(num("frozen")), opt(num("unit_rows"))}, Shape: declared},
	{Name: "state", Class: Link, Doc: "a value kept between steps, by name within its module; sample marks one row per training image",
		Attrs: []AttrDef{form("shape"), text("name"), text("init"), {Name: "args", Kind: ir.KindFloats}, opt(num("sample"))}, Shape: declared},
	{Name: "assign", In: 1, Class: Link, Doc: "the state or parameter of that name is x from here on; before sets it ahead of the forward pass",
		Attrs: []AttrDef{text("name"), opt(num("before"))}, Shape: nothing},
	{Name: "ema", In: 1, Class: Link, Doc: "every parameter of module target becomes x*target + (1-x)*source, before the forward pass or after the update; target starts equal to source and is not trained",
		Attrs: []AttrDef{text("source"), text("target"), opt(num("before"))}, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
			if !in[0].Equal(shape.F32()) {
				return bad("expected a momentum f32[], found ", in[0].String())
			}
			return nil, nil
		}},
	{Name: "metric", In: 1, Class: Link, Doc: "logs the scalar x under a name", Attrs: []AttrDef{text("name")},
		Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
			if !in[0].Equal(shape.F32()) {
				return bad("expected f32[], found ", in[0].String())
			}
			return nil, nil
		}},
	{Name: "objective", In: 1, Class: Link, Doc: "the parameters of module scope follow the loss x, not the step's own", Attrs: []AttrDef{text("scope")},
		Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
			if !in[0].Equal(shape.F32()) {
				return bad("expected a loss f32[], found ", in[0].String())
			}
			return nil, nil
		}},
	{Name: "encoder", Class: Link, Doc: "the backbone of module scope is what is evaluated and exported, in place of the first that is trained", Attrs: []AttrDef{text("scope")}, Shape: nothing},
	{Name: "pretrained", Class: Link, Doc: "parameters and states of module scope start as those that the experiment gives for it, from another run or a file", Attrs: []AttrDef{text("scope")},
		Shape: func(_ []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if a.Str("scope") == "" {
				return bad("expected a module")
			}
			return nil, nil
		}},
	{Name: "phase", Class: Link, Doc: "the pretext task's function phase.NAME is run over the whole training set after the first epochs and then after every that many; every 0: once",
		Attrs: []AttrDef{text("name"), num("first"), num("every")}, Shape: func(_ []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if a.Str("name") == "" || a.Int("first", 0) < 0 || a.Int("every", 0) < 0 {
				return bad("expected a name, and epochs of at least 0")
			}
			return nil, nil
		}},
	{Name: "collect", In: 1, Class: Link, Doc: "in a phase: the rows x of all batches, one for each of the samples images of the training set, in their order",
		Attrs: []AttrDef{num("samples")}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if in[0].Rank() == 0 {
				return bad("expected a row for each image, found ", in[0].String())
			}
			return dims(in[0].DType, append([]int{a.Int("samples", 0)}, in[0].Dims[1:]...)...)
		}},
	{Name: "restart", Class: Link, Doc: "in a phase: parameters and states of module scope start afresh, and what the optimizer keeps of them", Attrs: []AttrDef{text("scope")}, Shape: nothing},
	{Name: "draw", In: 1, Class: Link, Doc: "in a phase: from here on an epoch goes through the images at dataset positions x (i32[samples]), in an order of its own", Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if in[0].Rank() != 1 || in[0].DType != dtype.I32 {
			return bad("expected positions i32[samples], found ", in[0].String())
		}
		return nil, nil
	}},
	{Name: "call", In: Variadic, Class: Link, Doc: "another plugin's function (backbone.STAGE, loss, augment, crop) on the operands, its parameters under the module scope; groups splits its batch normalisations, inference has them use their running statistics; lr, fixed_lr, no_decay and frozen hold for its parameters",
		Attrs: []AttrDef{text("callee"), opt(text("scope")), opt(num("view")), opt(num("groups")), opt(num("inference")), opt(real("lr")), opt(num("fixed_lr")), opt(num("no_decay")), opt(num("frozen")), form("shape")},
		Shape: func(_ []shape.Shape, a ir.Attrs) ([]shape.Shape, error) { return one(a.ShapeOf("shape")) }},
	{Name: "eval", In: Variadic, Class: Data, Doc: "a plugin's code on copied tensors: results are the value f32[] and its gradient for each f32 operand",
		Attrs: []AttrDef{text("callee")}, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
			out := []shape.Shape{shape.F32()}
			for _, s := range in {
				if s.DType == dtype.F32 {
					out = append(out, s)
				}
			}
			return out, nil
		}},
	{Name: "context", Class: Link, Doc: "what the step knows: step and steps (i32[]: updates done and updates in all), key (u32[2], new each step), indices (i32[B]: dataset positions of the batch), labels (i32[B]: what the dataset says of them, -1 for nothing)",
		Attrs: []AttrDef{text("name"), opt(num("n"))}, Shape: func(_ []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			switch a.Str("name") {
			case "step", "steps":
				return dims(dtype.I32)
			case "key":
				return dims(dtype.U32, 2)
			case "indices", "labels":
				return dims(dtype.I32, a.Int("n", 0))
			}
			return bad("expected step, steps, key, indices or labels, found ", strconv.Quote(a.Str("name")))
		}},
}

func nothing([]shape.Shape, ir.Attrs) ([]shape.Shape, error) { return nil, nil }

func declared(_ []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
	want := map[string]int{"constant": 1, "normal": 2, "uniform": 2, "truncated_normal": 4, "unit_normal": 0}
	n, ok := want[a.Str("init")]
	if a.Str("init") == "table" {
		n, ok = a.ShapeOf("shape").Size(), true
	}
	if !ok || len(a.Floats("args")) != n {
		return bad("init: expected constant, normal, uniform, truncated_normal, unit_normal or table with 1, 2, 2, 4, 0 or as many args as elements, found ", a.Str("init"), " with ", strconv.Itoa(len(a.Floats("args"))))
	}
	if a.Str("name") == "" {
		return bad("name is empty")
	}
	if a.Str("init") != "constant" && a.ShapeOf("shape").DType != dtype.F32 {
		return bad("only f32 starts as anything but a constant, found ", a.ShapeOf("shape").String())
	}
	return one(a.ShapeOf("shape"))
}
