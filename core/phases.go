package core

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// phases runs what the pretext task does over the whole training set after an
// epoch, where that is due, and records what it logs.
func (r *running) phases(ctx context.Context, epoch int) error {
	metrics, err := r.Trainer.RunPhases(ctx)
	if len(metrics) == 0 || err != nil {
		return err
	}
	text := ""
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		text += fmt.Sprintf(", %s %.4g", name, metrics[name])
	}
	r.note("epoch %d: the whole training set was gone through%s", epoch, text)
	return r.metrics.Append(r.Trainer.Step, epoch, metrics)
}
