package wire

import (
	"context"
	"reflect"
	"testing"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/optest"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
)

// Every case's program survives the text form and the wire.
func TestProgramsSurvive(t *testing.T) {
	for i := range optest.Cases {
		f, err := optest.Cases[i].Func()
		if err != nil {
			t.Fatal(err)
		}
		p := &ir.Program{Version: ir.Version, Funcs: []*ir.Func{f}}
		text := p.String()
		parsed, err := ir.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v\n%s", f.Name, err, text)
		}
		if got := parsed.String(); got != text {
			t.Errorf("%s: the text form reads back as\n%s, was\n%s", f.Name, got, text)
		}
		var reply TraceReply
		if err := Unmarshal(Marshal(nil, &TraceReply{Program: p}), &reply); err != nil {
			t.Fatal(err)
		}
		if got := reply.Program.String(); got != text {
			t.Errorf("%s: the wire gives\n%s, was\n%s", f.Name, got, text)
		}
	}
}

var messages = map[string]Message{
	"DescribeReply": &DescribeReply{ABI: 1, IRVersion: 1, Plugins: []PluginInfo{{ID: "a/b", Kind: "loss", Version: "1.2.3", Doc: "d", Signature: "contrast", DefaultLoss: "l", DefaultCrop: "c", DefaultAugment: "g", Style: "trace",
		Params: []schema.Param{{Name: "t", Type: schema.Float, Default: schema.OfFloat(-0.5), HasMin: true, HasMax: true, Min: -1, Max: 2, MinOpen: true, Doc: "x"}, {Name: "s", Type: schema.String, Default: schema.OfString("q"), Choices: []string{"q", "r"}}}}}},
	"TraceRequest": &TraceRequest{Plugin: "a/b", Func: "loss", Params: []schema.Named{{Name: "t", Value: schema.OfFloat(0.1)}, {Name: "n", Value: schema.OfInts(-3, 4)}, {Name: "f", Value: schema.OfFloats(1, 2)}},
		Inputs: []Port{{"z", shape.F32(3, 4)}}, Known: []Signature{{"backbone.pooled", []shape.Shape{shape.F32(1, 2)}, shape.F32(5)}}, Training: true, View: 3, Samples: 1 << 20, Channels: 3, ImageSize: 32, Batch: 7, NormGroups: 4},
	"TraceReply":  &TraceReply{Need: &Signature{Callee: "x", In: []shape.Shape{shape.Of(dtype.I32)}}},
	"CropRequest": &CropRequest{Plugin: "p", Height: []uint32{1, 300}, Width: []uint32{7, 9}, Keys: []uint32{1, 2, 3, 1 << 31}, Boxes: []float64{0, 0, 1, 0.25}, Views: []uint32{0, 300}},
	"CropReply":   &CropReply{Rects: []uint32{0, 1, 200, 3}, FellBack: []uint32{0}},
	"EvalRequest": &EvalRequest{Plugin: "p", Inputs: []Tensor{{"z", shape.F32(1), []byte{1, 2, 3, 4}}}},
	"EvalReply":   &EvalReply{Value: -1.5, Grads: []Tensor{{"z", shape.F32(1), []byte{1, 2, 3, 4}}}, Outputs: []Tensor{{"p", shape.Of(dtype.U8, 2), []byte{5, 6}}}},
}

// The hand-written codec and a protobuf runtime over fw.proto read each other.
func TestCodecIsProtobuf(t *testing.T) {
	files, err := (&protocompile.Compiler{Resolver: &protocompile.SourceResolver{}}).Compile(context.Background(), "fw.proto")
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range messages {
		d := files[0].Messages().ByName(protoreflect.Name(name))
		if d == nil {
			t.Fatalf("fw.proto has no message %s", name)
		}
		dyn := dynamicpb.NewMessage(d)
		if err := proto.Unmarshal(Marshal(nil, m), dyn); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if u := dyn.GetUnknown(); len(u) > 0 {
			t.Errorf("%s: fields that fw.proto does not know: %x", name, u)
		}
		again, err := proto.MarshalOptions{Deterministic: true}.Marshal(dyn)
		if err != nil {
			t.Fatal(err)
		}
		back := reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)
		if err := Unmarshal(again, back); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(back, m) {
			t.Errorf("%s: %+v came back as %+v", name, m, back)
		}
	}
}

// No bytes make the decoder or the verifier panic.
func FuzzUnmarshal(f *testing.F) {
	for _, m := range messages {
		f.Add(Marshal(nil, m))
	}
	fn, err := optest.Cases[0].Func()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(Marshal(nil, &TraceReply{Program: &ir.Program{Version: ir.Version, Funcs: []*ir.Func{fn}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, m := range []Message{&DescribeReply{}, &TraceRequest{}, &CropRequest{}, &CropReply{}, &EvalRequest{}, &EvalReply{}} {
			_ = Unmarshal(b, m)
		}
		var reply TraceReply
		if Unmarshal(b, &reply) == nil && reply.Program != nil {
			_ = op.Verify(reply.Program)
		}
	})
}
