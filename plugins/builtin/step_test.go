package builtin

import (
	"testing"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/train"
)

// small is SimCLR on a small residual network, with plugins in this process.
func small(t testing.TB) *train.Trainer {
	t.Helper()
	inproc := inProcess()
	at := func(id string, params ...schema.Named) *client.Client {
		return &client.Client{Host: inproc, ID: id, Params: params}
	}
	n := func(name string, v int) schema.Named { return schema.Named{Name: name, Value: schema.OfInt(v)} }
	set, err := data.Open("synthetic", data.Options{Count: 64, Size: 16})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := train.NewTrainer(t.Context(), train.Config{Data: set.Train, Workers: 2,
		Plugins: train.Plugins{Pretext: at("fw/simclr", n("hidden", 16), n("out", 8)), Loss: at("fw/ntxent"), Crop: at("fw/center-crop"), Augment: at("fw/flip"),
			Backbone: at("fw/resnet", n("depth", 10), n("width", 8), n("stages", 2), schema.Named{Name: "stem", Value: schema.OfString("cifar")})},
		Facts: train.Facts{Batch: 16, Samples: 64, Channels: 3, ImageSize: 16},
		Optim: optim.Config{Name: "sgd", LR: 0.01, Momentum: 0.9, WeightDecay: 1e-4, Schedule: "constant", Steps: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	tr.KeepBatch = true
	t.Cleanup(tr.Close)
	return tr
}

// BenchmarkStep is a whole training step on a batch that is there: it allocates
// nothing, whether anybody watches or not.
func BenchmarkStep(b *testing.B) {
	for _, watched := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "profiled"}[watched], func(b *testing.B) {
			tr := small(b)
			if watched {
				tr.Pool.Watch(1000)
			}
			stepAllocatesNothing(b, tr, watched)
			for b.Loop() {
				if _, _, err := tr.Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	for _, watched := range []bool{false, true} {
		stepAllocatesNothing(t, small(t), watched)
	}
}

func stepAllocatesNothing(t testing.TB, tr *train.Trainer, watched bool) {
	t.Helper()
	step := func() {
		if _, _, err := tr.Run(); err != nil {
			t.Fatal(err)
		}
	}
	step()
	if watched {
		tr.Exec.StartProfile(20)
		tr.Pool.Watch(1000)
	}
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("%v allocations a step (watched: %v)", n, watched)
	}
}

// Each instruction is somebody's, and the times of all add up to the step's.
func TestTimeIsAttributed(t *testing.T) {
	tr := small(t)
	tr.Exec.StartProfile(2)
	const runs = 3
	for range runs {
		if _, _, err := tr.Run(); err != nil {
			t.Fatal(err)
		}
	}
	p := tr.Exec.Profile()
	want := map[string]bool{"fw/simclr": true, "fw/ntxent": true, "fw/resnet": true, "sgd": true}
	for name, key := range map[string]func(*exec.InstrProfile) string{
		"who asked":    func(in *exec.InstrProfile) string { return in.Loc.By },
		"kind of op":   func(in *exec.InstrProfile) string { return in.Op },
		"all together": func(*exec.InstrProfile) string { return "" },
	} {
		sum := exec.Group{}
		for _, g := range p.GroupBy(key) {
			if name == "who asked" {
				if !want[g.Key] {
					t.Errorf("%d instructions are of %q", g.Instrs, g.Key)
				}
				delete(want, g.Key)
				if g.Key == "fw/resnet" && (g.FLOPs == 0 || g.Held == 0) {
					t.Errorf("the network does nothing: %+v", g)
				}
			}
			sum.Time, sum.FLOPs, sum.Instrs, sum.Held = sum.Time+g.Time, sum.FLOPs+g.FLOPs, sum.Instrs+g.Instrs, sum.Held+g.Held
		}
		if sum.Time != p.Total || sum.FLOPs != runs*tr.Exec.FLOPs() || sum.Instrs != len(p.Instrs) || sum.Held <= 0 || int(sum.Held) > tr.Exec.Plan().Arena {
			t.Errorf("by %s: %+v of %v, %d FLOPs, %d instructions, an arena of %d", name, sum, p.Total, runs*tr.Exec.FLOPs(), len(p.Instrs), tr.Exec.Plan().Arena)
		}
	}
	if len(want) > 0 {
		t.Errorf("nothing is of %v", want)
	}
	if p.Runs != runs || len(p.Events) != 2*len(p.Instrs) {
		t.Errorf("%d runs, %d events of %d instructions", p.Runs, len(p.Events), len(p.Instrs))
	}
	for i := 1; i < len(p.Events); i++ {
		if a, b := p.Events[i-1], p.Events[i]; b.Start < a.Start+a.Took {
			t.Fatalf("event %d starts at %v, within %+v", i, b.Start, a)
		}
	}
}

// The batch that is kept is the one that the first step reads, and the loader rests.
func TestKeepBatch(t *testing.T) {
	tr := small(t)
	batch := func() string {
		b, ok := tr.Exec.Input("batch/views.0")
		if !ok {
			t.Fatal("no input")
		}
		return string(b.U8)
	}
	var first string
	for i := range 3 {
		if _, _, err := tr.Run(); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = batch()
		} else if batch() != first {
			t.Errorf("step %d has another batch", i)
		}
	}
	loaded := tr.Loading
	if loaded.Decode <= 0 || loaded.Views <= 0 || loaded.Crop <= 0 {
		t.Errorf("loading took %+v", loaded)
	}
	tr2 := small(t)
	tr2.KeepBatch = false
	for range 2 {
		if _, _, err := tr2.Run(); err != nil {
			t.Fatal(err)
		}
	}
	if b, _ := tr2.Exec.Input("batch/views.0"); string(b.U8) == first {
		t.Error("without it the second step has the first's batch")
	}
}
