// Package eval owns evaluation: features of a frozen encoder, and the probes
// that say how good they are. Start from [KNN] and [Linear].
package eval

import (
	"math"
	"slices"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
	"github.com/fwlab/fw/core/view"
)

// Features is a row of D numbers for each image.
type Features struct {
	X       []float32 // [N,D]
	Labels  []int32   // -1 where there is none
	Index   []int     // positions in the dataset
	N, D    int
	Skipped []view.Replacement // images that could not be read; they have no row
}

// Labelled is the positions of the images that have a label.
func Labelled(ds data.Dataset) []int {
	var at []int
	for i := range ds.Len() {
		if _, ok := ds.Label(i); ok {
			at = append(at, i)
		}
	}
	return at
}

// Spread is at most n positions of total, evenly over all of them.
func Spread(total, n int) []int {
	n = min(n, total)
	at := make([]int, n)
	for i := range at {
		at[i] = i * total / n
	}
	return at
}

// Plain is the view that probes see: the whole image, resized and normalised.
func Plain(ds data.Dataset, size, channels, batch int, mean, std []float64) (*view.Program, error) {
	b := trace.New("plain")
	err := trace.Trace(func() {
		img := b.Input("image", shape.Of(dtype.Image))
		rect := b.Emit("image_rect", []trace.Value{img})[0]
		x := b.Emit("image_crop_resize", []trace.Value{img, rect}, ir.Int("height", size), ir.Int("width", size), ir.Int("channels", channels), ir.String("interpolation", "bilinear"))
		b.Output("view.0", b.Emit("image_normalize", b.Emit("image_to_float", x))[0])
	})
	if err != nil {
		return nil, err
	}
	return view.New(b.Func(), ds, batch, mean, std, nil)
}

// Extract runs the images at the given positions through the encoder, whose
// input is x f32[batch,...] and whose output is features f32[batch,D]; a nil
// encoder gives the pixels themselves.
func Extract(ds data.Dataset, at []int, plain *view.Program, encoder *exec.Executable, batch int, workers *pool.Pool) (*Features, error) {
	f := &Features{}
	out := plain.Outputs[0]
	indices := make([]int, batch)
	for from := 0; from < len(at); from += batch {
		n := copy(indices, at[from:])
		for i := n; i < batch; i++ { // the last batch repeats its first image
			indices[i] = indices[0]
		}
		skipped, err := plain.Fill(workers, indices, rng.New(0))
		if err != nil {
			return nil, err
		}
		unread := map[string]bool{}
		for _, r := range skipped {
			if !unread[r.ID] {
				unread[r.ID] = true
				f.Skipped = append(f.Skipped, r)
			}
		}
		rows := buf.Of(out.Data)
		if encoder != nil {
			in, _ := encoder.Input("batch/x")
			copy(in.U8, out.Data)
			if err := encoder.Run(); err != nil {
				return nil, err
			}
			rows, _ = encoder.Output("features")
		}
		f.D = len(rows.F32) / batch
		for r, i := range indices[:n] {
			if unread[ds.ID(i)] {
				continue
			}
			l, ok := ds.Label(i)
			if !ok {
				l = -1
			}
			f.X = append(f.X, rows.F32[r*f.D:(r+1)*f.D]...)
			f.Labels, f.Index, f.N = append(f.Labels, int32(l)), append(f.Index, i), f.N+1
		}
	}
	return f, nil
}

// First is the first n rows; all of them for n = 0.
func (f *Features) First(n int) *Features {
	if n <= 0 || n >= f.N {
		return f
	}
	return &Features{X: f.X[:n*f.D], Labels: f.Labels[:n], Index: f.Index[:n], N: n, D: f.D}
}

// Spread is at most n rows, evenly over all of them.
func (f *Features) Spread(n int) *Features {
	g := &Features{D: f.D}
	for _, r := range Spread(f.N, n) {
		g.X = append(g.X, f.Row(r)...)
		g.Labels, g.Index, g.N = append(g.Labels, f.Labels[r]), append(g.Index, f.Index[r]), g.N+1
	}
	return g
}

// Labelled reports whether there are rows, each with a label.
func (f *Features) Labelled() bool { return f.N > 0 && slices.Min(f.Labels) >= 0 }

// Row is the features of one image, [D].
func (f *Features) Row(r int) []float32 { return f.X[r*f.D : (r+1)*f.D] }

// Cosine is the cosine similarity of two rows; 0 where one has no length.
func Cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for i, x := range a {
		y := float64(b[i])
		dot, aa, bb = dot+float64(x)*y, aa+float64(x)*float64(x), bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return dot / math.Sqrt(aa*bb)
}

// normalized is the rows divided by their Euclidean norms.
func (f *Features) normalized() []float32 {
	out := make([]float32, len(f.X))
	for r := range f.N {
		var sq float64
		for _, v := range f.Row(r) {
			sq += float64(v) * float64(v)
		}
		k := float32(1 / math.Max(math.Sqrt(sq), 1e-12))
		for j, v := range f.Row(r) {
			out[r*f.D+j] = v * k
		}
	}
	return out
}
