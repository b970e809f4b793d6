package samples_test

import (
	"strings"
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/samples"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

type V = trace.Value

// objective traces a loss over x, f32[2B,4,3] of two views, and integer labels i32[2B].
func objective(t *testing.T, batch int, build func(b *trace.Builder, x, labels V) V) samples.Traced {
	t.Helper()
	b := trace.New("objective")
	err := trace.Trace(func() {
		x, labels := b.Input("x", shape.F32(2*batch, 4, 3)), b.Input("labels", shape.Of(dtype.I32, 2*batch))
		b.Output(link.LossOutput, build(b, x, labels))
	})
	if err != nil {
		t.Fatal(err)
	}
	flat, err := link.Flatten(b.Func(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return samples.Traced{Flat: flat, Batch: batch}
}

func linear(b *trace.Builder, name string, x V, out int) V {
	return x.MatMul(b.Param(name, trace.Constant(0), []int{x.Dim(-1), out}))
}

func norm(b *trace.Builder, x V) (y, mean V) {
	c := x.Dim(-1)
	y, mean, _ = x.BatchNorm(b.Param("scale", trace.Constant(1), []int{c}), b.Param("offset", trace.Constant(0), []int{c}), 1e-5, 1)
	return y, mean
}

// Losses that are a mean over images, and losses that are not, with what is said
// of these. Each is traced for 6 images and for 12, which no dimension is by chance.
func TestDivisible(t *testing.T) {
	for _, c := range []struct {
		name  string
		loss  func(b *trace.Builder, x, labels V) V
		wrong string // a part of the error; "" for a loss that may be cut
		norm  bool
	}{
		{"mean of squares", func(b *trace.Builder, x, _ V) V { return x.Square().Mean() }, "", false},
		{"sum over features, mean over images", func(b *trace.Builder, x, _ V) V { return x.Square().Sum(1, 2).Mean() }, "", false},
		{"cross-entropy", func(b *trace.Builder, x, labels V) V {
			return linear(b, "w", x.Reshape(x.Dim(0), -1), 5).CrossEntropy(labels).Mean()
		}, "", false},
		{"tokens as rows, a class token, attention", func(b *trace.Builder, x, _ V) V {
			n := x.Dim(0)
			h := linear(b, "w", x.Reshape(n*4, 3), 8).Reshape(n, 4, 8)
			token := b.Param("token", trace.Constant(0), []int{1, 1, 8}).BroadcastTo(n, 1, 8)
			h = b.Concat(1, token, h)
			q := h.Reshape(n, 5, 2, 4).Transpose(0, 2, 1, 3)
			scores := q.Dot(q, []int{0, 1}, []int{0, 1}, []int{3}, []int{3}).Softmax()
			return scores.Dot(q, []int{0, 1}, []int{0, 1}, []int{3}, []int{2}).Square().Mean()
		}, "", false},
		{"two views of an image", func(b *trace.Builder, x, _ V) V {
			z := linear(b, "w", x.Reshape(x.Dim(0), -1), 8).Split(0, 2)
			return z[0].L2Normalize(1).Mul(z[1].L2Normalize(1)).Sum(1).Mean().Neg()
		}, "", false},
		{"two terms and a constant", func(b *trace.Builder, x, _ V) V {
			return x.Abs().Mean().Scale(0.5).Add(x.Square().Mean()).Add(b.Scalar(2))
		}, "", false},
		{"normalised by the batch", func(b *trace.Builder, x, _ V) V { y, _ := norm(b, x); return y.Tanh().Mean() }, "", true},

		{"a sum", func(b *trace.Builder, x, _ V) V { return x.Square().Sum() }, "the weight 1 in a batch of 6 and 1 in one of 12", false},
		{"one term a sum", func(b *trace.Builder, x, _ V) V { return x.Square().Mean().Add(x.Abs().Sum()) }, "a term of it has the weight", false},
		{"images compared", func(b *trace.Builder, x, _ V) V {
			z := x.Reshape(x.Dim(0), -1)
			return z.MatMul(z.T()).LogSoftmax().Mean()
		}, "dot_general at samples_test.go:", false},
		{"correlation of features", func(b *trace.Builder, x, _ V) V {
			z := x.Reshape(x.Dim(0), -1)
			return z.T().MatMul(z).Square().Mean()
		}, "dot_general at samples_test.go:", false},
		{"variance over images", func(b *trace.Builder, x, _ V) V { return x.Var(1, 0).Mean() }, "at samples_test.go:", false},
		{"a function of the mean", func(b *trace.Builder, x, _ V) V { return x.Square().Mean().Sqrt() }, "sqrt at samples_test.go:", false},
		{"the largest", func(b *trace.Builder, x, _ V) V { return x.ReduceMax() }, "reduce at samples_test.go:", false},
		{"images shifted", func(b *trace.Builder, x, _ V) V {
			n := x.Dim(0)
			y := b.Concat(0, x.Slice(0, 1, n), x.Slice(0, 0, 1))
			return x.Mul(y).Mean()
		}, "at samples_test.go:", false},
		{"batch statistics themselves", func(b *trace.Builder, x, _ V) V { _, m := norm(b, x); return m.Square().Mean() }, "at samples_test.go:", false},
		{"a state that the batch changes", func(b *trace.Builder, x, _ V) V {
			centre := b.State("centre", shape.F32(3), trace.Constant(0))
			loss := x.Sub(centre.BroadcastTo(x.Dim(0), 4, 3)).Square().Mean()
			b.Assign("centre", x.Mean(0, 1))
			return loss
		}, "state centre, which the batch changes", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := samples.Divisible(objective(t, 6, c.loss), objective(t, 12, c.loss))
			switch {
			case c.wrong == "" && err != nil:
				t.Fatal(err)
			case c.wrong == "" && v.Norm != c.norm:
				t.Errorf("batch statistics: %v, expected %v", v.Norm, c.norm)
			case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
				t.Errorf("%v, expected an error with %q", err, c.wrong)
			}
		})
	}
}
