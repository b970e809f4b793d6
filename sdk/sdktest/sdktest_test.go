package sdktest

import (
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/sdk"
)

type lossFunc func(b *sdk.Builder, z1, z2 sdk.Value) sdk.Value

func (f lossFunc) Loss(b *sdk.Builder, z1, z2 sdk.Value) sdk.Value { return f(b, z1, z2) }

type cropFunc func(k *sdk.Key, img sdk.Size, box sdk.Box) sdk.Rect

func (f cropFunc) Crop(k *sdk.Key, img sdk.Size, box sdk.Box) sdk.Rect { return f(k, img, box) }

func lossOf(f lossFunc) *sdk.Plugin {
	return sdk.ContrastLoss("mine/x", "0.1.0", f).Doc("a loss")
}

func cropOf(f cropFunc) *sdk.Plugin { return sdk.Crop("mine/x", "0.1.0", f).Doc("a crop") }

// distance is the mean distance of pairs, with a small number under its root or none.
func distance(under float64) lossFunc {
	return func(_ *sdk.Builder, z1, z2 sdk.Value) sdk.Value {
		return z1.Sub(z2).Square().Sum(1).AddConst(under).Sqrt().Mean()
	}
}

// shared declares a parameter that no check may let pass.
func shared(p *sdk.Plugin) *sdk.Plugin {
	var x float64
	p.Float(&x, "share", 0.5, "a share", sdk.Above(0), sdk.AtMost(1))
	return p
}

// Each check finds what it is there for, and says it.
func TestWhatIsWrongIsFound(t *testing.T) {
	calls := 0
	counted := func(n int) int { calls++; return calls % n }
	whole := cropOf(func(_ *sdk.Key, img sdk.Size, _ sdk.Box) sdk.Rect { return sdk.Rect{H: img.H, W: img.W} })
	for _, c := range []struct {
		name, check, want string
		call              Call
	}{
		{"no doc", "describe", "it has no doc", InProcess(sdk.Crop("mine/x", "0.1.0", cropFunc(nil)))},
		{"a parameter without a doc", "describe", "parameter n has no doc", InProcess(undocumented())},
		{"ranges that do not hold", "parameters", "parameter share: expected a number in (0, 1], and 0.0 is taken", lenient(shared(lossOf(distance(1))))},
		{"a trace that is not the same twice", "repeat", "asked twice", InProcess(lossOf(func(b *sdk.Builder, z1, z2 sdk.Value) sdk.Value {
			return distance(1)(b, z1, z2).Scale(float64(1 + counted(2)))
		}))},
		{"a gradient of the wrong sign", "gradients", "central differences", InProcess(sdk.EvalLoss("mine/x", "0.1.0", "contrast", squares{-1}).Doc("a loss"))},
		{"a root of nothing", "chance", "add a small number under a root", InProcess(lossOf(distance(0)))},
		{"a crop outside of its image", "crops", "a rectangle is not inside its image", InProcess(cropOf(func(_ *sdk.Key, img sdk.Size, _ sdk.Box) sdk.Rect {
			return sdk.Rect{H: min(img.H, 100), W: 2}
		}))},
		{"a crop by how often it was asked", "crops", "in another order", InProcess(cropOf(func(_ *sdk.Key, img sdk.Size, _ sdk.Box) sdk.Rect {
			return sdk.Rect{H: 1, W: 1, Y: counted(img.H)}
		}))},
		{"what a spoilt request leaves behind", "messages", "other bytes after spoilt requests", worn(whole)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range Run(c.call, "mine/x") {
				if r.Check == c.check && r.Verdict == Fail && strings.Contains(r.Detail, c.want) {
					return
				}
			}
			t.Errorf("expected %s to fail with %q, found %+v", c.check, c.want, Run(c.call, "mine/x"))
		})
	}
}

// A plugin that is as it should be passes everything, by its own gradients too, and
// gradients that are stopped on purpose are no mistake.
func TestWhatIsRightPasses(t *testing.T) {
	Test(t, sdk.EvalLoss("mine/x", "0.1.0", "contrast", squares{1}).Doc("a loss"))
	Test(t, lossOf(func(b *sdk.Builder, z1, z2 sdk.Value) sdk.Value { return distance(1)(b, z1, z2.StopGradient()) }))
	Test(t, shared(cropOf(func(_ *sdk.Key, img sdk.Size, _ sdk.Box) sdk.Rect { return sdk.Rect{H: img.H, W: img.W} })))
}

// There are inputs for every signature that the SDK knows.
func TestEverySignatureHasInputs(t *testing.T) {
	for signature, list := range probes {
		if len(sdk.Inputs(signature)) != len(list) {
			t.Errorf("%s: %d inputs, expected %q", signature, len(list), sdk.Inputs(signature))
		}
	}
	for _, signature := range sdk.Signatures() {
		if probes[signature] == nil {
			t.Errorf("signature %s has no row in probes", signature)
		}
	}
}

// squares is half the squared distance; sign is that of its gradients.
type squares struct{ sign float32 }

func (l squares) Eval(in []sdk.Array) (value float64, grads [][]float32, err error) {
	grads = [][]float32{make([]float32, len(in[0].F32)), make([]float32, len(in[0].F32))}
	for i, x := range in[0].F32 {
		d := x - in[1].F32[i]
		value += float64(d*d) / 2
		grads[0][i], grads[1][i] = l.sign*d, -l.sign*d
	}
	return value, grads, nil
}

func undocumented() *sdk.Plugin {
	p, n := lossOf(distance(1)), 0
	p.Int(&n, "n", 1, "")
	return p
}

// lenient answers without looking at parameters.
func lenient(p *sdk.Plugin) Call {
	answer := InProcess(p)
	return func(m abi.Method, b []byte) ([]byte, error) {
		var req wire.TraceRequest
		if m == abi.Trace && wire.Unmarshal(b, &req) == nil {
			req.Params = []schema.Named(nil)
			b = wire.Marshal(nil, &req)
		}
		return answer(m, b)
	}
}

// worn answers otherwise once it has refused a hundred requests.
func worn(p *sdk.Plugin) Call {
	answer, refused := InProcess(p), 0
	return func(m abi.Method, b []byte) ([]byte, error) {
		reply, err := answer(m, b)
		if err != nil {
			refused++
		}
		if refused > 100 && m == abi.Crop && err == nil {
			reply = append(reply, 0x10, 0x01) // a field of which this version knows nothing
		}
		return reply, err
	}
}
