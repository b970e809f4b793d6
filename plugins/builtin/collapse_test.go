package builtin

import (
	"slices"
	"testing"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/report/diagnose"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/train"
)

// Methods without negatives collapse, and are warned of, when what keeps them from
// it is taken away: the stop-gradient, the predictor, or the slow target. The methods
// as published do not, in the same steps.
func TestWithoutTheirSafeguardsMethodsCollapse(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped with -short: trains for some seconds")
	}
	simsiam := []schema.Named{integer("dim", 32), integer("bottleneck", 16), integer("projector_layers", 2), flag("output_norm", false)}
	byol := []schema.Named{integer("hidden", 32), integer("out", 32), float("tau", 0.9)}
	for _, c := range []struct {
		method
		safeguards []string
	}{
		{method{"simsiam", "fw/simsiam", "fw/negative-cosine", simsiam, nil}, []string{"stop_gradient", "predictor"}},
		{method{"byol", "fw/byol", "fw/cosine-distance", byol, nil}, []string{"target"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if w := warnings(t, c.method); len(w) > 0 {
				t.Errorf("as published: %v", w)
			}
			for _, name := range c.safeguards {
				spoilt := c.method
				spoilt.params = append(slices.Clone(spoilt.params), flag(name, false))
				if w := warnings(t, spoilt); len(w) == 0 || w[0].Code != diagnose.Collapsed && w[0].Code != diagnose.NearCollapse {
					t.Errorf("without %s: %v", name, w)
				}
			}
		})
	}
}

// warnings is what a short run of the method on shapes is warned of.
func warnings(t *testing.T, m method) []diagnose.Warning {
	t.Helper()
	const steps, side, batch = 250, 20, 16
	tr, err := m.trainer(func(c *train.Config) {
		set, err := data.Open("shapes", data.Options{Count: 320, Holdout: 0.2, Size: side, Channels: 3})
		if err != nil {
			t.Fatal(err)
		}
		c.Data = set.Train
		c.Facts = train.Facts{Batch: batch, Samples: set.Train.Len(), Channels: 3, ImageSize: side}
		c.Optim.Steps, c.Optim.LR = steps, 0.5
	})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	var e diagnose.Evidence
	for tr.Step < steps {
		_, metrics, err := tr.Run()
		if err != nil {
			t.Fatal(err)
		}
		e.Spread = append(e.Spread, metrics["train/spread"])
	}
	t.Logf("%s %v: spread %.3g", m.name, m.params[len(m.params)-1], e.Spread[steps-1])
	return diagnose.Look(e)
}
