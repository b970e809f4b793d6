package core

import (
	"context"

	"github.com/fwlab/fw/core/rundir"
)

// mostlyWhole is the share of whole-image boxes from which on crops by boxes are
// hardly other than plain ones.
const mostlyWhole = 0.9

// relocalize finds the images' boxes anew where that is due after an epoch, and
// records how much of the images they leave.
func (r *running) relocalize(ctx context.Context, epoch int) error {
	c, err := r.Trainer.Relocalize(ctx)
	if c == nil || err != nil {
		return err
	}
	r.note("epoch %d: boxes of %d images: mean area %.2f, %.0f %% are the whole image, %d of them because there was nothing to see", epoch, c.Images, c.Area, 100*c.Whole, c.Empty)
	if c.Whole > mostlyWhole {
		r.note("warning: nearly all boxes are the whole image, so they limit no crop; try a higher localization.threshold, as 0.3 or 0.5")
	}
	return r.metrics.Append(r.Trainer.Step, epoch, map[string]float64{rundir.BoxesArea: c.Area, rundir.BoxesWhole: c.Whole, rundir.BoxesEmpty: float64(c.Empty)})
}
