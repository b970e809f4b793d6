package train

// ViewsPerImage is how many pictures the view program makes of an image: those
// of its outputs that are activations f32[n*batch,H,W,C].
func (t *Trainer) ViewsPerImage() (n int) {
	for _, o := range t.program.Outputs {
		if o.Shape.Rank() == 4 && o.Shape.DType.Float() {
			n += o.Shape.Dims[0] / t.Facts.Batch
		}
	}
	return n
}
