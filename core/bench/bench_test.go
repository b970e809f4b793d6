package bench

import (
	"math"
	"testing"
	"time"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/peak"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/view"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		sorted []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{1, 2}, 1.5}, {[]float64{1, 2, 9}, 2}, {[]float64{1, 2, 4, 9}, 3}} {
		if got := Median(c.sorted); got != c.want {
			t.Errorf("median of %v is %v, expected %v", c.sorted, got, c.want)
		}
	}
}

const second = time.Second

// profile is two runs: a product at half of the peak's rate, a fusion at a quarter.
func profile() *exec.Profile {
	return &exec.Profile{Runs: 2, Total: 8 * second, Began: time.Unix(100, 0),
		Instrs: []exec.InstrProfile{
			{Op: "dot_general", Loc: ir.Loc{File: "net.go", Line: 7, By: "t/net"}, In: []shape.Shape{shape.F32(2)}, FLOPs: 1e9, Bytes: 10e9, Held: 5, Time: 4 * second},
			{Op: "fusion", Loc: ir.Loc{By: "sgd"}, Bytes: 1e9, Time: 3 * second},
			{Op: "copy", Bytes: 0, Time: second},
		},
		Events: []exec.Event{{Instr: 0, Start: 0, Took: 2 * second}, {Instr: 1, Start: 2 * second, Took: second}, {Instr: 2, Start: 3 * second, Took: second}}}
}

// Shares are of the peak of what bounds an instruction: a product's memory is free.
func TestAttribute(t *testing.T) {
	var r Report
	r.attribute(profile(), peak.Peak{FLOPs: 1e9, Bytes: 2e9})
	want := []Op{
		{"dot_general", Cost{Calls: 1, MS: 2000, Share: 0.5, GFLOPS: 0.5, GB: 5, PeakShare: 0.5, HeldBytes: 5}},
		{"fusion", Cost{Calls: 1, MS: 1500, Share: 0.375, GB: 2. / 3, PeakShare: 1. / 3}},
		{"copy", Cost{Calls: 1, MS: 500, Share: 0.125}},
	}
	for i, w := range want {
		if got := r.Ops[i]; got != w {
			t.Errorf("op %d is %+v, expected %+v", i, got, w)
		}
	}
	for i, by := range []string{"t/net", "sgd", "host"} {
		if got := r.Plugins[i]; got.By != by || got.Cost != want[i].Cost {
			t.Errorf("asker %d is %+v, expected %s with %+v", i, got, by, want[i].Cost)
		}
	}
	r = Report{}
	mixed := profile()
	mixed.Instrs[0].In[0] = shape.Of(dtype.BF16, 2)
	r.attribute(mixed, peak.Peak{FLOPs: 1e9, BF16FLOPs: 2e9, Bytes: 2e9})
	if r.Ops[0].PeakShare != 0.25 {
		t.Errorf("a product of bfloat16 at a quarter of its peak: %+v", r.Ops[0])
	}
	r = Report{}
	r.attribute(profile(), peak.Peak{Bytes: 2e9})
	if r.Ops[0].PeakShare != 0 || r.Ops[1].PeakShare != want[1].PeakShare {
		t.Errorf("without a peak of arithmetic: %+v", r.Ops)
	}
}

func TestLoader(t *testing.T) {
	before := view.Timing{Decode: second, Crop: second, Views: second}
	now := view.Timing{Decode: 3 * second, Crop: 2 * second, Views: 5 * second, Decoded: 7}
	if got, want := loader(false, since(now, before), second, 10*second, 4), (Loader{DecodeMS: 500, CropMS: 250, ViewsMS: 1000, WaitMS: 250, WaitShare: 0.1, DecodedBytes: 7}); got != want {
		t.Errorf("found %+v, expected %+v", got, want)
	}
}

// A worker's span has the name of the op that ran when it began.
func TestDuring(t *testing.T) {
	p := profile()
	for s, want := range map[float64]string{-0.5: "pool", 0: "dot_general", 1.9: "dot_general", 2: "fusion", 3.5: "copy", 4: "pool"} {
		if got := during(p, p.Began.Add(time.Duration(s*float64(second)))); got != want {
			t.Errorf("%v s: %s, expected %s", s, got, want)
		}
	}
}

func TestRates(t *testing.T) {
	p := profile()
	details := detail(&p.Instrs[0])
	args := rates(details, &p.Instrs[0], second)
	if args["gflop_per_second"] != 1. || args["gb_per_second"] != 10. || args["at"] != "net.go:7" || args["by"] != "t/net" {
		t.Errorf("found %v", args)
	}
	if args := rates(details, &p.Instrs[0], 0); args["gflop_per_second"] != nil {
		t.Errorf("in no time: %v", args)
	}
	if _, ok := rates(detail(&p.Instrs[1]), &p.Instrs[1], second)["gflop_per_second"]; ok || math.IsNaN(args["gb_per_second"].(float64)) {
		t.Error("a fusion has no FLOP/s")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{{}, {Steps: 1, Warmup: -1}, {Steps: 1, Watched: -1}, {Steps: 1, Limit: -1}} {
		if _, err := Run(nil, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
		if _, err := Views(nil, o); err == nil {
			t.Errorf("views: %+v is taken", o)
		}
	}
}
