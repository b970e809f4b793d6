package train

import (
	"math"
	"slices"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/random"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/trace"
)

// initial draws a tensor: attribute init says from what, args are its
// parameters. The values depend on the key alone.
func initial(s shape.Shape, a ir.Attrs, key rng.Key, workers *pool.Pool) (tensor.Tensor, error) {
	t := tensor.New(s)
	args := a.Floats("args")
	if s.DType != dtype.F32 { // a constant, as core/op has checked
		for rest, one := t.Data, trace.Element(s.DType, args[0]); len(rest) > 0; rest = rest[len(one):] {
			copy(rest, one)
		}
		return t, nil
	}
	f := t.F32()
	fill := func(spec random.Spec) error {
		spec.N = len(f)
		k, err := random.New(spec, workers.Workers())
		if err != nil {
			return err
		}
		k.Bind(nil, []buf.Buf{buf.OfF32(f)}, []buf.Buf{buf.OfU32(key[:])})
		k.Run(workers)
		return nil
	}
	switch a.Str("init") {
	case "normal":
		if err := fill(random.Spec{Kind: random.Normal}); err != nil {
			return t, err
		}
		for i, z := range f {
			f[i] = float32(args[0] + float64(args[1]*float64(z)))
		}
	case "unit_normal":
		if err := fill(random.Spec{Kind: random.Normal}); err != nil {
			return t, err
		}
		n := 1
		if s.Rank() > 0 {
			n = s.Dims[s.Rank()-1]
		}
		for row := range slices.Chunk(f, n) {
			toUnit(row)
		}
	case "truncated_normal":
		if err := fill(random.Spec{Kind: random.Normal}); err != nil {
			return t, err
		}
		for i, z := range f {
			f[i] = truncated(z, args, key, i)
		}
	case "uniform":
		return t, fill(random.Spec{Kind: random.Uniform, Low: float32(args[0]), High: float32(args[1])})
	case "table":
		for i, x := range args {
			f[i] = float32(x)
		}
	default:
		for i := range f {
			f[i] = float32(args[0])
		}
	}
	return t, nil
}

// toUnit divides a row by its Euclidean norm.
func toUnit(row []float32) {
	var sq float64
	for _, x := range row {
		sq += float64(x) * float64(x)
	}
	k := 1 / math.Max(math.Sqrt(sq), 1e-12)
	for i, x := range row {
		row[i] = float32(float64(x) * k)
	}
}

// truncated is element i of N(args[0], args[1]) within [args[2], args[3]]: from
// the standard normal z, and where that lies outside, from draws of its own.
func truncated(z float32, args []float64, key rng.Key, i int) float32 {
	x := args[0] + float64(args[1]*float64(z))
	if x >= args[2] && x <= args[3] {
		return float32(x)
	}
	again := key.FoldString("again").Fold(uint64(i)).Stream()
	for range 1000 {
		if x = args[0] + float64(args[1]*again.Normal()); x >= args[2] && x <= args[3] {
			return float32(x)
		}
	}
	return float32(min(max(args[0], args[2]), args[3]))
}
