package sdktest

import (
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/sdk"
)

// Key is the random numbers of a seed.
func Key(seed uint64) *sdk.Key {
	s := rng.New(seed).Stream()
	return &s
}

// Loss is the value of a loss with its defaults, of rows for each of its inputs;
// classes and the like are rows of one number.
func Loss(t *testing.T, l *sdk.Plugin, inputs ...[][]float64) float64 {
	t.Helper()
	p := &subject{call: InProcess(l), info: l.Info(), side: side}
	shapes := probes[p.info.Signature]
	if len(inputs) != len(shapes) {
		t.Fatalf("a loss of signature %s takes %q, found %d inputs", p.info.Signature, p.names(), len(inputs))
	}
	var in []interp.Tensor
	for i, rows := range inputs {
		dims := []int{len(rows), len(rows[0])}
		if shapes[i].shape.DType == dtype.I32 {
			dims = dims[:1]
		}
		x := interp.Tensor{Shape: shape.Of(shapes[i].shape.DType, dims...)}
		for _, row := range rows {
			x.V = append(x.V, row...)
		}
		if len(x.V) != x.Shape.Size() {
			t.Fatalf("input %s: expected rows of one length, found %d numbers for %s", p.names()[i], len(x.V), x.Shape)
		}
		in = append(in, x)
	}
	f, err := p.function(in)
	if err != nil {
		t.Fatal(err)
	}
	value, _, _, err := f(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
