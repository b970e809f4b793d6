package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What programs read of fw bench, and that times of kinds and of askers both add
// up to the whole.
func TestBenchJSON(t *testing.T) {
	file := experimentFile(t, tiny)
	for _, flags := range [][]string{nil, {"--reuse-batch"}, {"--profile", "0"}} {
		code, out := fw(t, append([]string{"bench", file, "--json", "--steps", "4", "--warmup", "1", "--workers", "2"}, flags...)...)
		if code != exitOK {
			t.Fatal(out)
		}
		var r map[string]any
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		number := func(key string) float64 {
			x, ok := r[key].(float64)
			if !ok {
				t.Fatalf("%v: %s is %v", flags, key, r[key])
			}
			return x
		}
		for _, key := range []string{"ms_per_step", "min_ms_per_step", "images_per_second", "views_per_second", "flops_per_step", "planned_bytes", "peak_rss_bytes", "first_step_seconds", "parameters"} {
			if !(number(key) > 0) {
				t.Errorf("%v: %s is %v", flags, key, r[key])
			}
		}
		for key, want := range map[string]float64{"steps": 4, "batch_size": 16, "views": 2, "workers": 2} {
			if number(key) != want {
				t.Errorf("%v: %s is %v, expected %v", flags, key, r[key], want)
			}
		}
		if rate := number("views_per_second") / number("images_per_second"); math.Abs(rate-2) > 1e-9 {
			t.Errorf("%v: %v views an image", flags, rate)
		}
		if kept := r["loader"].(map[string]any)["kept_batch"]; kept != (len(flags) == 1) {
			t.Errorf("%v: kept_batch is %v", flags, kept)
		}
		loader := r["loader"].(map[string]any)
		if x := loader["ahead_bytes"].(float64); !(x > 0) {
			t.Errorf("%v: %v bytes of batches are filled ahead", flags, x)
		}
		if x, held := loader["wait_share"].(float64), loader["decoded_bytes"].(float64); x < 0 || x > 1 || len(flags) != 1 && !(held > 0) {
			t.Errorf("%v: the share that a step waits is %v; %v bytes of images were held", flags, x, held)
		}
		if len(flags) == 2 {
			if r["ops"] != nil {
				t.Errorf("nothing was watched, and ops is %v", r["ops"])
			}
			continue
		}
		total := map[string]float64{}
		for list, name := range map[string]string{"ops": "op", "plugins": "by"} {
			share := 0.0
			for _, row := range r[list].([]any) {
				m := row.(map[string]any)
				if m[name] == "" || m["calls"].(float64) < 1 {
					t.Errorf("%v: a row of %s is %v", flags, list, m)
				}
				total[list] += m["ms"].(float64)
				share += m["share"].(float64)
			}
			if math.Abs(share-1) > 1e-9 {
				t.Errorf("%v: shares of %s add up to %v", flags, list, share)
			}
		}
		if math.Abs(total["ops"]-total["plugins"]) > 1e-9*total["ops"] {
			t.Errorf("%v: %v ms by op, %v ms by asker", flags, total["ops"], total["plugins"])
		}
	}
}

// Batches alone: rates by the clock and by a core's time, and what was held.
func TestBenchViews(t *testing.T) {
	file := experimentFile(t, tiny)
	code, out := fw(t, "bench", file, "--views", "--json", "--steps", "4", "--warmup", "1", "--workers", "1")
	if code != exitOK {
		t.Fatal(out)
	}
	var r map[string]any
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, key := range []string{"images_per_second", "images_per_cpu_second", "views_ms", "decoded_bytes", "peak_rss_bytes"} {
		if x, ok := r[key].(float64); !ok || !(x > 0) {
			t.Errorf("%s is %v", key, r[key])
		}
	}
	for key, want := range map[string]float64{"batches": 4, "batch_size": 16, "views": 2, "workers": 1} {
		if r[key] != want {
			t.Errorf("%s is %v, expected %v", key, r[key], want)
		}
	}
	for flag, want := range map[string]string{"--views": "in a second of one core's time", "--reuse-batch": "loading: none"} {
		if code, out := fw(t, "bench", file, flag, "--steps", "3", "--profile", "0"); code != exitOK || !strings.Contains(out, want) {
			t.Errorf("%s: %s", flag, out)
		}
	}
	if code, out := fw(t, "bench", file, "--views", "--reuse-batch"); code == exitOK || !strings.Contains(out, "there is no step") {
		t.Errorf("a batch that is kept: %s", out)
	}
}

// A trace has an event for each kernel of each watched step within its step, on the
// lane of ops; the workers', the loader's and the plugins' lanes are there.
func TestBenchTrace(t *testing.T) {
	file, path := experimentFile(t, tiny), filepath.Join(t.TempDir(), "trace.json")
	if code, out := fw(t, "bench", file, "--steps", "2", "--warmup", "1", "--profile", "2", "--workers", "2", "--trace", path); code != exitOK || !strings.Contains(out, "asked for by") {
		t.Fatal(out)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	type event struct {
		Name, Ph string
		TS, Dur  float64
		PID, TID int
		Args     map[string]any
	}
	var trace struct{ TraceEvents []event }
	if err := json.Unmarshal(data, &trace); err != nil {
		t.Fatal(err)
	}
	lanes, groups := map[[2]int]string{}, map[int]string{}
	on := map[string][]event{}
	for _, e := range trace.TraceEvents {
		switch {
		case e.Ph == "M" && e.Name == "process_name":
			groups[e.PID] = e.Args["name"].(string)
		case e.Ph == "M" && e.Name == "thread_name":
			lanes[[2]int{e.PID, e.TID}] = groups[e.PID] + "/" + e.Args["name"].(string)
		case e.Ph == "X":
			lane := lanes[[2]int{e.PID, e.TID}]
			if e.Name == "" || e.TS < 0 || e.Dur < 0 || lane == "" {
				t.Fatalf("event %+v on lane %q", e, lane)
			}
			on[lane] = append(on[lane], e)
		}
	}
	for _, lane := range []string{"step/steps", "step/ops", "step/worker 0", "step/worker 1", "plugins/calls"} {
		if len(on[lane]) == 0 {
			t.Errorf("nothing is on lane %s", lane)
		}
	}
	for name := range map[string]bool{"decode": true, "crop plugin": true, "views": true} {
		if len(on["loader/batches"]) > 0 && !strings.Contains(string(data), `"name":"`+name+`"`) {
			t.Errorf("the loader does no %s", name)
		}
	}
	steps, ops := on["step/steps"], on["step/ops"]
	if len(steps) != 2 || len(ops)%2 != 0 {
		t.Fatalf("%d steps, %d ops", len(steps), len(ops))
	}
	named := map[string]bool{}
	for i, e := range ops {
		s := steps[i/(len(ops)/2)]
		if e.TS < s.TS || e.TS+e.Dur > s.TS+s.Dur+1e-3 {
			t.Fatalf("op %d, %s, lies outside of its step", i, e.Name)
		}
		if e.Args["by"] == "" || e.Args["out"] == nil && e.Name != "copy" {
			t.Errorf("op %d: %+v", i, e)
		}
		named[e.Name] = true
	}
	if !named["convolution"] || !named["dot_general"] {
		t.Errorf("ops are %v", named)
	}
}
