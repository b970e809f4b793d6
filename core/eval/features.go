// Package eval owns evaluation: features of a frozen encoder, and the probes
// that say how good they are. Start from [KNN] and [Linear].
package eval

import (
	"math"

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

// Features is a row of D numbers for each image, with its label.
type Features struct {
	X      []float32 // [N,D]
	Labels []int32
	N, D   int
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

// Extract runs every labelled image through the encoder, whose input is x
// f32[batch,...] and whose output is features f32[batch,D]; a nil encoder
// gives the pixels themselves.
func Extract(ds data.Dataset, plain *view.Program, encoder *exec.Executable, batch int, workers *pool.Pool) (*Features, error) {
	f := &Features{}
	out := plain.Outputs[0]
	var indices []int
	flush := func() error {
		n := len(indices)
		for len(indices) < batch { // the last batch repeats its first image
			indices = append(indices, indices[0])
		}
		if _, err := plain.Fill(workers, indices, rng.New(0)); err != nil {
			return err
		}
		rows := buf.Of(out.Data)
		if encoder != nil {
			in, _ := encoder.Input("batch/x")
			copy(in.U8, out.Data)
			if err := encoder.Run(); err != nil {
				return err
			}
			rows, _ = encoder.Output("features")
		}
		f.D = len(rows.F32) / batch
		f.X = append(f.X, rows.F32[:n*f.D]...)
		for _, i := range indices[:n] {
			l, _ := ds.Label(i)
			f.Labels = append(f.Labels, int32(l))
		}
		f.N += n
		indices = indices[:0]
		return nil
	}
	for i := range ds.Len() {
		if _, ok := ds.Label(i); !ok {
			continue
		}
		if indices = append(indices, i); len(indices) == batch {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if len(indices) > 0 {
		return f, flush()
	}
	return f, nil
}

// First is the first n rows; all of them for n = 0.
func (f *Features) First(n int) *Features {
	if n <= 0 || n >= f.N {
		return f
	}
	return &Features{f.X[:n*f.D], f.Labels[:n], n, f.D}
}

// normalized is the rows divided by their Euclidean norms.
func (f *Features) normalized() []float32 {
	out := make([]float32, len(f.X))
	for r := range f.N {
		var sq float64
		for _, v := range f.X[r*f.D : (r+1)*f.D] {
			sq += float64(v) * float64(v)
		}
		k := float32(1 / math.Max(math.Sqrt(sq), 1e-12))
		for j, v := range f.X[r*f.D : (r+1)*f.D] {
			out[r*f.D+j] = v * k
		}
	}
	return out
}

// Std is the mean over dimensions of the deviation of the normalised features,
// times sqrt(D): about 1 when healthy, 0 when collapsed (Chen & He 2021, section 4.1).
func (f *Features) Std() float64 {
	x := f.normalized()
	var total float64
	for j := range f.D {
		var sum, sq float64
		for r := range f.N {
			v := float64(x[r*f.D+j])
			sum += v
			sq += v * v
		}
		m := sum / float64(f.N)
		total += math.Sqrt(math.Max(0, sq/float64(f.N)-m*m))
	}
	return total / float64(f.D) * math.Sqrt(float64(f.D))
}
