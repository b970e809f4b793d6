package python

import (
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/sdk"
)

// retouching is the twin of testdata/retouching.py.
type retouching struct{ most int }

func (r *retouching) Retouch(k *sdk.Key, view int, img sdk.Pixels) error {
	row, by := k.Intn(img.H), k.Intn(r.most)
	for i := row * img.W * img.C; i < (row+1)*img.W*img.C; i++ {
		img.Pix[i] += uint8(by + view)
	}
	return nil
}

func retouchingPlugin() *sdk.Plugin {
	r := &retouching{}
	p := sdk.EvalAugment("test/retouching", "0.1.0", r).Doc("adds a drawn number to the levels of a drawn row")
	p.Int(&r.most, "most", 9, "most that is added", sdk.Between(1, 255))
	return p
}

// What is computed on pixels is the Go plugin's, and so is what is refused.
func TestPicturesAreTheGoOnes(t *testing.T) {
	guest, goes := example(t, "retouching.py"), twin(retouchingPlugin())
	same(t, guest, goes, abi.Describe, nil)
	trace := &wire.TraceRequest{Plugin: "test/retouching", Func: "augment", View: 1, Channels: 3, Inputs: []wire.Port{{Name: "image", Shape: shape.Of(dtype.U8, 8, 8, 3)}}}
	same(t, guest, goes, abi.Trace, wire.Marshal(nil, trace))

	k := rng.New(3).Stream()
	bytes := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(k.Uint32())
		}
		return b
	}
	const n = 5
	ask := func(change func(*wire.EvalRequest)) {
		t.Helper()
		q := &wire.EvalRequest{Plugin: "test/retouching", Inputs: []wire.Tensor{{Shape: shape.Of(dtype.U8, n, 4, 3, 3), Data: bytes(n * 36)}, {Shape: shape.Of(dtype.U32, n, 2), Data: bytes(n * 8)},
			{Shape: shape.Of(dtype.I32, n), Data: []byte{0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0, 7, 0, 0, 0}}}}
		change(q)
		same(t, guest, goes, abi.Eval, wire.Marshal(nil, q))
	}
	ask(func(*wire.EvalRequest) {})
	ask(func(q *wire.EvalRequest) { q.Params = []schema.Named{{Name: "most", Value: schema.OfInt(255)}} })
	ask(func(q *wire.EvalRequest) { q.Params = []schema.Named{{Name: "most", Value: schema.OfInt(0)}} })
	ask(func(q *wire.EvalRequest) { q.Inputs = q.Inputs[:2] })
	ask(func(q *wire.EvalRequest) { q.Inputs = nil })
	ask(func(q *wire.EvalRequest) { q.Inputs[0].Shape = shape.F32(n, 4, 3, 3) })
	ask(func(q *wire.EvalRequest) { q.Inputs[0].Shape = shape.Of(dtype.U8, n, 36) })
	ask(func(q *wire.EvalRequest) { q.Inputs[1].Shape = shape.Of(dtype.U32, n) })
	ask(func(q *wire.EvalRequest) { q.Inputs[2].Data = q.Inputs[2].Data[:n] })
}
