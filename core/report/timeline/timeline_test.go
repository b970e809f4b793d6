package timeline

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// Groups and lanes are numbered and named; what overlaps without being within is
// put beside.
func TestGolden(t *testing.T) {
	ms := time.Millisecond
	var b bytes.Buffer
	err := Write(&b, []Event{
		{Name: "inner", Group: "step", Lane: "ops", Start: 1 * ms, Took: 1 * ms, Args: map[string]any{"shape": "f32[2,3]", "gflop_per_second": 12.5}},
		{Name: "outer", Group: "step", Lane: "ops", Start: 1 * ms, Took: 3 * ms},
		{Name: "next", Group: "step", Lane: "ops", Start: 4 * ms, Took: 1500 * time.Nanosecond},
		{Name: "a call", Group: "plugins", Lane: "fw", Start: 2 * ms, Took: 2 * ms},
		{Name: "another at once", Group: "plugins", Lane: "fw", Start: 3 * ms, Took: 2 * ms},
		{Name: "later", Group: "plugins", Lane: "fw", Start: 4 * ms, Took: 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "trace.json")
	if *rewrite {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || b.String() != string(want) {
		t.Errorf("%v; got\n%s\n(go test -rewrite writes it anew)", err, b.String())
	}
}

func TestWriteRefusesWhatJSONCannotSay(t *testing.T) {
	err := Write(&bytes.Buffer{}, []Event{{Name: "x", Args: map[string]any{"rate": math.NaN()}}})
	if err == nil || !strings.Contains(err.Error(), "timeline: x:") {
		t.Errorf("found %v", err)
	}
}
