package train

import (
	"context"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/trace"
	"github.com/fwlab/fw/core/wire"
)

// A plugin may answer anything: here a backbone with no result, and with two.
func TestABackboneGivesOneResult(t *testing.T) {
	for want, outputs := range map[string][]string{"": {"y"}, "expected one result, found 0": nil, "expected one result, found 2": {"y", "z"}} {
		start := func(context.Context) (host.Caller, error) {
			return host.Func(func(_ abi.Method, request []byte) ([]byte, error) {
				var req wire.TraceRequest
				if err := wire.Unmarshal(request, &req); err != nil {
					return nil, err
				}
				b := trace.New(req.Func)
				err := trace.Trace(func() {
					x := b.Input("x0", req.Inputs[0].Shape)
					for _, name := range outputs {
						b.Output(name, x)
					}
				})
				return wire.Marshal(nil, &wire.TraceReply{Program: &ir.Program{Version: ir.Version, Funcs: []*ir.Func{b.Func()}}}), err
			}), nil
		}
		p := Plugins{Backbone: &client.Client{Host: host.New("t", start), ID: "t/net"}}
		_, err := p.Encoder(t.Context(), Facts{Batch: 2, ImageSize: 4, Channels: 3}, 2, "backbone")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%d results: %v, expected %q", len(outputs), err, want)
		}
	}
}

// What a checkpoint lacks is named in order, whichever way it is looked through.
func TestRestoreNamesTheFirst(t *testing.T) {
	s := &State{map[string]tensor.Tensor{}}
	for _, name := range []string{"e", "c", "b", "d", "a"} {
		s.tensors[name] = tensor.New(shape.F32(1))
	}
	for range 20 {
		if err := s.Restore(nil); err == nil || !strings.Contains(err.Error(), "state: a is not") {
			t.Fatalf("found %v", err)
		}
	}
}
