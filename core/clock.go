package core

import (
	"time"

	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/train"
)

// clock sums the time of training, without probes and saving.
type clock struct {
	spent, waited, called time.Duration // in steps; of these for data, and in plugin calls
	lapSteps              int
	lapSpent              time.Duration
}

// step times one update.
func (c *clock) step(t *train.Trainer, pluginTime func() time.Duration) (float64, map[string]float64, error) {
	began, waited, called := time.Now(), t.DataWait, pluginTime()
	loss, metrics, err := t.Run()
	took := time.Since(began)
	c.spent, c.waited, c.called = c.spent+took, c.waited+t.DataWait-waited, c.called+pluginTime()-called
	c.lapSteps, c.lapSpent = c.lapSteps+1, c.lapSpent+took
	return loss, metrics, err
}

// lap is images per second since the last lap.
func (c *clock) lap(batch int) float64 {
	v := float64(c.lapSteps*batch) / c.lapSpent.Seconds()
	c.lapSteps, c.lapSpent = 0, 0
	return v
}

// metrics is the sums for the run's record.
func (c *clock) metrics() map[string]float64 {
	return map[string]float64{rundir.TrainSeconds: c.spent.Seconds(), rundir.TrainWait: c.waited.Seconds(), rundir.TrainPlugins: c.called.Seconds()}
}

// restore goes on from the sums of the run's record.
func (c *clock) restore(h rundir.History) {
	for name, d := range map[string]*time.Duration{rundir.TrainSeconds: &c.spent, rundir.TrainWait: &c.waited, rundir.TrainPlugins: &c.called} {
		p, _ := h.Last(name)
		*d = time.Duration(p.Value * float64(time.Second))
	}
}
