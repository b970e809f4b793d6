package sdks

import (
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/sdk"
	"github.com/fwlab/fw/sdks/python"
)

var rewrite = flag.Bool("rewrite", false, "write the tables of docs/abi.md anew")

const page = "../docs/abi.md"

// The tables of fields are those of fw.proto, those of draws what core/rng gives.
func TestPageTables(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	proto, err := os.ReadFile("../core/wire/fw.proto")
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	for name, table := range map[string]string{"messages": fields(string(proto)), "draws": draws()} {
		start := "<!-- " + name + ": what follows is written by go test ./sdks -run Page -rewrite -->\n"
		end := "<!-- end of " + name + " -->"
		head, rest, ok := strings.Cut(got, start)
		_, tail, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("%s has no part %s", page, name)
		}
		got = head + start + table + end + tail
	}
	if *rewrite {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != string(text) {
		t.Errorf("%s is not what fw.proto and core/rng say; run go test ./sdks -run Page -rewrite", page)
	}
}

var (
	messageLine = regexp.MustCompile(`^message (\w+) \{(\})?$`)
	fieldLine   = regexp.MustCompile(`^  (repeated )?(\w+) (\w+) = (\d+);(?: +// (.*))?$`)
)

// fields is a table of every message's fields.
func fields(proto string) string {
	var b strings.Builder
	b.WriteString("\n| message | number | field | type | |\n|---|---|---|---|---|\n")
	message := ""
	for _, line := range strings.Split(proto, "\n") {
		if m := messageLine.FindStringSubmatch(line); m != nil {
			message = m[1]
			if m[2] != "" {
				fmt.Fprintf(&b, "| %s | | | | no fields |\n", message)
			}
		}
		if f := fieldLine.FindStringSubmatch(line); f != nil {
			fmt.Fprintf(&b, "| %s | %s | %s | %s%s | %s |\n", message, f[4], f[3], f[1], f[2], f[5])
			message = ""
		}
	}
	return b.String() + "\n"
}

// draws is a table of the first two draws of each kind from one key.
func draws() string {
	key := rng.Key{0x01234567, 0x89abcdef}
	var b strings.Builder
	b.WriteString("\n| draw | first | second | the first is |\n|---|---|---|---|\n")
	s := key.Stream()
	fmt.Fprintf(&b, "| word | %08x | %08x | |\n", s.Uint32(), s.Uint32())
	for _, d := range []struct {
		name string
		draw func(s *rng.Stream) float64
	}{
		{"float64", (*rng.Stream).Float64},
		{"uniform(-1, 3)", func(s *rng.Stream) float64 { return s.Uniform(-1, 3) }},
		{"log-uniform(3/4, 4/3)", func(s *rng.Stream) float64 { return s.LogUniform(3.0/4, 4.0/3) }},
		{"intn(7)", func(s *rng.Stream) float64 { return float64(s.Intn(7)) }},
		{"normal", (*rng.Stream).Normal},
		{"beta(0.1, 0.1)", func(s *rng.Stream) float64 { return s.Beta(0.1, 0.1) }},
		{"beta(2, 0.5)", func(s *rng.Stream) float64 { return s.Beta(2, 0.5) }},
	} {
		s := key.Stream()
		x, y := d.draw(&s), d.draw(&s)
		fmt.Fprintf(&b, "| %s | %016x | %016x | %.17g |\n", d.name, math.Float64bits(x), math.Float64bits(y), x)
	}
	return b.String() + "\n"
}

// The page's bytes are those that the SDK and the host write.
func TestPageExamples(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "```hex ")[1:]
	if len(parts) != 5 {
		t.Fatalf("%s: expected 5 examples, found %d", page, len(parts))
	}
	for _, part := range parts {
		name, rest, _ := strings.Cut(part, "\n")
		body, _, _ := strings.Cut(rest, "```")
		var digits strings.Builder
		for _, line := range strings.Split(body, "\n") {
			line, _, _ = strings.Cut(line, "#")
			digits.WriteString(strings.Join(strings.Fields(line), ""))
		}
		if got := digits.String(); got != hex.EncodeToString(example(t, name)) {
			t.Errorf("%s: %s is\n%s, expected\n%x", page, name, got, example(t, name))
		}
	}
}

// example is the bytes of a message of the page.
func example(t *testing.T, name string) []byte {
	answer := func(p *sdk.Plugin, m abi.Method, request []byte) []byte {
		b, err := sdk.Handler(p)(m, request)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	trace := &wire.TraceRequest{Plugin: "my/l1", Func: "loss", Params: []schema.Named{{Name: "weight", Value: schema.OfFloat(0.5)}},
		Inputs: []wire.Port{{Name: "prediction", Shape: shape.F32(2, 3)}, {Name: "target", Shape: shape.F32(2, 3)}}, Training: true, Batch: 2}
	crop := &wire.CropRequest{Plugin: "fw/contrastive-crop", Height: []uint32{32, 300}, Width: []uint32{32, 200}, Keys: []uint32{1, 2, 3, 1 << 31}, Views: []uint32{0, 1}}
	switch name {
	case "DescribeReply":
		return answer(weighted(), abi.Describe, nil)
	case "TraceRequest":
		return wire.Marshal(nil, trace)
	case "TraceReply":
		var reply wire.TraceReply
		if err := wire.Unmarshal(answer(weighted(), abi.Trace, wire.Marshal(nil, trace)), &reply); err != nil {
			t.Fatal(err)
		}
		for i := range reply.Program.Funcs[0].Instrs {
			reply.Program.Funcs[0].Instrs[i].Loc = ir.Loc{File: "l1.c", Line: 9}
		}
		return wire.Marshal(nil, &reply)
	case "CropRequest":
		return wire.Marshal(nil, crop)
	case "CropReply":
		return answer(goPlugins["crop"][0], abi.Crop, wire.Marshal(nil, crop))
	}
	t.Fatalf("no example %q", name)
	return nil
}

// weightedLoss is the worked example of the page.
type weightedLoss struct{ weight float64 }

func weighted() *sdk.Plugin {
	l := &weightedLoss{}
	p := sdk.PredictLoss("my/l1", "0.1.0", l).Doc("weighted L1")
	p.Float(&l.weight, "weight", 1, "factor", sdk.Above(0))
	return p
}

func (l *weightedLoss) Loss(b *sdk.Builder, prediction, target sdk.Value) sdk.Value {
	return prediction.Sub(target).Abs().Sum().Scale(l.weight)
}

// Every signature of losses is known to every SDK, and on the page.
func TestSignaturesAreKnown(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{page: string(text)}
	add := func(name string, files fs.FS) {
		err := fs.WalkDir(files, "fw", func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := fs.ReadFile(files, p)
			known[name] += string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range Languages() {
		files, err := fs.Sub(Files, l.Name)
		if err != nil {
			t.Fatal(err)
		}
		add(l.Name, files)
	}
	add("python", python.Files)
	for name, text := range known {
		for _, s := range sdk.Signatures() {
			if name == page && !strings.Contains(text, s+" (") || name != page && !strings.Contains(text, `"`+s+`"`) {
				t.Errorf("%s does not have the signature %s", name, s)
			}
		}
	}
}
