package train

import "strings"

// ViewsPerImage is how many views f32[n*batch,H,W,C] the view program makes of an image.
func (t *Trainer) ViewsPerImage() (n int) {
	for _, o := range t.program.Outputs {
		if o.Shape.Rank() == 4 && strings.HasPrefix(o.Name, "views.") {
			n += o.Shape.Dims[0] / t.Facts.Batch
		}
	}
	return n
}
