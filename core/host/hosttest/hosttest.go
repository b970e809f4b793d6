// Package hosttest compares plugins: one in some language with its twin in Go, call by
// call. Start from [Same].
package hosttest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/wire"
)

// Same calls both and compares replies, but for the author's places in programs; or
// that both refuse with the same words. placed says that every instruction of the
// guest's must have a place.
func Same(t *testing.T, guest, twin host.Caller, m abi.Method, request []byte, placed bool) {
	t.Helper()
	got, err := guest.Call(context.Background(), m, request)
	want, errWant := twin.Call(context.Background(), m, request)
	if errWant != nil {
		var e, w *host.Error
		if !errors.As(err, &e) || !errors.As(errWant, &w) || e.Kind != host.Refused || unplaced(e.Err.Error()) != unplaced(w.Err.Error()) {
			t.Fatalf("expected the error %v, found %v", errWant, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if m == abi.Trace {
		got, want = placeless(t, got, placed), placeless(t, want, true)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("the replies differ:\n%s\nexpected:\n%s", shown(m, got), shown(m, want))
	}
}

// placeless is a trace's reply without the author's places, once it was seen to be
// written as the Go SDK writes it.
func placeless(t *testing.T, b []byte, placed bool) []byte {
	t.Helper()
	var reply wire.TraceReply
	if err := wire.Unmarshal(b, &reply); err != nil {
		t.Fatal(err)
	}
	if again := wire.Marshal(nil, &reply); !bytes.Equal(again, b) {
		t.Fatalf("the reply is not written as docs/abi.md says:\n%x\nexpected\n%x", b, again)
	}
	if reply.Program != nil {
		for _, f := range reply.Program.Funcs {
			for i := range f.Instrs {
				if loc := f.Instrs[i].Loc; placed && (loc.File == "" || loc.Line == 0) {
					t.Fatalf("instruction %d has no place", i)
				}
				f.Instrs[i].Loc = ir.Loc{}
			}
		}
	}
	return wire.Marshal(nil, &reply)
}

func shown(m abi.Method, b []byte) string {
	var reply wire.TraceReply
	if m == abi.Trace && wire.Unmarshal(b, &reply) == nil && reply.Program != nil {
		return reply.Program.String()
	}
	return string(b)
}

// unplaced cuts "file.go:12: " off an error.
func unplaced(s string) string {
	head, rest, ok := strings.Cut(s, ": ")
	if i := strings.LastIndexByte(head, ':'); ok && i > 0 && i < len(head)-1 && head[i+1] >= '0' && head[i+1] <= '9' {
		return rest
	}
	return s
}

// Floats are parameters: names and float64s in turn.
func Floats(pairs ...any) (out []schema.Named) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, schema.Named{Name: pairs[i].(string), Value: schema.OfFloat(pairs[i+1].(float64))})
	}
	return out
}

// Crops is a request for n images of sides from 1 to most, with or without boxes and views.
func Crops(plugin string, seed uint64, n, most int, boxes, views bool, params []schema.Named) *wire.CropRequest {
	k := rng.New(seed).Stream()
	req := &wire.CropRequest{Plugin: plugin, Params: params}
	for i := range n {
		req.Height, req.Width = append(req.Height, uint32(1+k.Intn(most))), append(req.Width, uint32(1+k.Intn(most)))
		req.Keys = append(req.Keys, k.Uint32(), k.Uint32())
		if boxes {
			y, x := float64(float32(k.Float64())), float64(float32(k.Float64()))
			req.Boxes = append(req.Boxes, y, x, k.Uniform(y, 1), k.Uniform(x, 1))
		}
		if views {
			req.Views = append(req.Views, uint32(i%300))
		}
	}
	return req
}
