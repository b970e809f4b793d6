package autodiff

import (
	"slices"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

func zeros(b *trace.Builder, like trace.Value) trace.Value { return b.Fill(like.Shape(), 0) }

// broadcastInDim: sum over every dimension that was added or stretched.
func broadcastInDim(c *call) []trace.Value {
	at, x := c.attrs.Ints("dims"), c.in[0].Shape()
	var sum []int
	for d := range c.ct[0].Rank() {
		i := slices.Index(at, d)
		if i < 0 || x.Dims[i] == 1 && c.ct[0].Dim(d) != 1 {
			sum = append(sum, d)
		}
	}
	ct := c.ct[0]
	if len(sum) > 0 {
		ct = ct.Sum(sum...)
	}
	return list(ct.Reshape(x.Dims...))
}

// slice: zeros everywhere but where the elements came from.
func slice(c *call) []trace.Value {
	start, stride := c.attrs.Ints("start"), c.attrs.Ints("stride")
	r := len(start)
	high, interior := make([]int, r), make([]int, r)
	for i := range start {
		span := (c.ct[0].Dim(i)-1)*stride[i] + 1
		high[i], interior[i] = c.in[0].Dim(i)-start[i]-span, stride[i]-1
	}
	return list(padWith(c.b, c.ct[0], start, high, interior))
}

func padWith(b *trace.Builder, x trace.Value, low, high, interior []int) trace.Value {
	return b.Emit("pad", list(x, b.Fill(shape.Of(x.Shape().DType), 0)), ir.Ints("low", low...), ir.Ints("high", high...), ir.Ints("interior", interior...))[0]
}

// pad: cut the padding off again; the padding value gets what was cut.
func pad(c *call) []trace.Value {
	low, high, interior := c.attrs.Ints("low"), c.attrs.Ints("high"), c.attrs.Ints("interior")
	r := len(low)
	nlow, nhigh, stride, zero := make([]int, r), make([]int, r), make([]int, r), make([]int, r)
	for i := range r {
		nlow[i], nhigh[i], stride[i] = -low[i], -high[i], interior[i]+1
	}
	inner := padWith(c.b, c.ct[0], nlow, nhigh, zero)
	dx := c.b.Emit("slice", list(inner), ir.Ints("start", zero...), ir.Ints("limit", inner.Shape().Dims...), ir.Ints("stride", stride...))[0]
	out := list(dx, none)
	if c.need[1] {
		out[1] = c.ct[0].Sum().Sub(dx.Sum())
	}
	return out
}

func concatenate(c *call) []trace.Value {
	d, at := c.attrs.Int("dim", 0), 0
	out := make([]trace.Value, len(c.in))
	for i, x := range c.in {
		n := x.Dim(d)
		if c.need[i] {
			out[i] = c.ct[0].Slice(d, at, at+n)
		}
		at += n
	}
	return out
}

func dynamicSlice(c *call) []trace.Value {
	return list(zeros(c.b, c.in[0]).DynamicUpdateSlice(c.ct[0], c.in[1]), none)
}

func dynamicUpdateSlice(c *call) []trace.Value {
	return list(c.ct[0].DynamicUpdateSlice(zeros(c.b, c.in[1]), c.in[2]), c.ct[0].DynamicSlice(c.in[2], c.in[1].Shape().Dims...), none)
}

func gather(c *call) []trace.Value {
	return list(zeros(c.b, c.in[0]).ScatterAdd(c.attrs.Int("axis", 0), c.attrs.Int("batch_dims", 0), c.in[1], c.ct[0]), none)
}

// scatter: of rows set at one index more than once, each gets the gradient of the place.
func scatter(c *call) []trace.Value {
	axis, batch := c.attrs.Int("axis", 0), c.attrs.Int("batch_dims", 0)
	dx := c.ct[0]
	if c.attrs.Str("kind") == "set" {
		dx = dx.ScatterSet(axis, batch, c.in[1], zeros(c.b, c.in[2]))
	}
	return list(dx, none, c.ct[0].TakeBatched(axis, batch, c.in[1]))
}

func reduce(c *call) []trace.Value {
	x, y := c.in[0], c.out[0]
	away := c.attrs.Ints("dims")
	var kept []int
	for i := range x.Rank() {
		if !slices.Contains(away, i) {
			kept = append(kept, i)
		}
	}
	spread := func(v trace.Value) trace.Value { return v.BroadcastInDim(x.Shape().Dims, kept) }
	switch c.attrs.Str("kind") {
	case "add":
		return list(spread(c.ct[0]))
	case "multiply":
		return list(spread(c.ct[0].Mul(y)).Div(x))
	}
	// maximum and minimum: shared evenly among equals, as torch.amax does.
	hit := x.Eq(spread(y)).Float()
	return list(hit.Mul(spread(c.ct[0].Div(hit.Sum(away...)))))
}

// unsort puts ct back at indices along dim, into zeros of n elements.
func unsort(ct, indices trace.Value, n, dim int) trace.Value {
	perm := make([]int, ct.Rank())
	for i := range perm {
		perm[i] = i
	}
	last := len(perm) - 1
	perm[dim], perm[last] = last, dim // its own inverse
	ct, indices = ct.Transpose(perm...), indices.Transpose(perm...)
	to := append([]int(nil), ct.Shape().Dims...)
	to[last] = n
	z := ct.Builder().Fill(shape.Of(dtype.F32, to...), 0)
	return z.ScatterAdd(last, last, indices, ct).Transpose(perm...)
}

// dotGeneral: contract the cotangent with the other operand over that
// operand's free dimensions, then put the dimensions back in order.
func dotGeneral(c *call) []trace.Value {
	lb, rb := c.attrs.Ints("lhs_batch"), c.attrs.Ints("rhs_batch")
	lc, rc := c.attrs.Ints("lhs_contract"), c.attrs.Ints("rhs_contract")
	out := make([]trace.Value, 2)
	nb := len(lb)
	lf, rf := free(c.in[0].Rank(), lb, lc), free(c.in[1].Rank(), rb, rc)
	if c.need[0] {
		out[0] = dotOperand(c.ct[0], c.in[1], span(0, nb), rb, span(nb+len(lf), len(rf)), rf, lb, lf, lc, rc)
	}
	if c.need[1] {
		out[1] = dotOperand(c.ct[0], c.in[0], span(0, nb), lb, span(nb, len(lf)), lf, rb, rf, rc, lc)
	}
	return out
}

// dotOperand is the gradient of the operand whose dimensions are batch, free
// and contract; other contracts over otherContract, paired with contract.
func dotOperand(ct, other trace.Value, ctBatch, otherBatch, ctFree, otherFree, batch, freeDims, contract, otherContract []int) trace.Value {
	d := ct.Dot(other, ctBatch, otherBatch, ctFree, otherFree)
	// d's dimensions: batch, the operand's free dimensions, then other's contracting dimensions in rising order.
	order := append(append([]int(nil), batch...), freeDims...)
	rising := append([]int(nil), otherContract...)
	slices.Sort(rising)
	for _, oc := range rising {
		order = append(order, contract[slices.Index(otherContract, oc)])
	}
	perm := make([]int, len(order))
	for i, dim := range order {
		perm[dim] = i
	}
	for i, p := range perm {
		if i != p {
			return d.Transpose(perm...)
		}
	}
	return d
}

func free(rank int, batch, contract []int) []int {
	var out []int
	for i := range rank {
		if !slices.Contains(batch, i) && !slices.Contains(contract, i) {
			out = append(out, i)
		}
	}
	return out
}

func span(from, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = from + i
	}
	return out
}
