package beit

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

// kmeans is BEiT whose tokens are the nearest of K clusters of patches.
type kmeans struct {
	beit
	perImage, iterations int
	standardize          bool
}

// KMeans declares BEiT with clusters of the training set's patches as its vocabulary.
func KMeans() *sdk.Plugin {
	t := &kmeans{}
	p := t.declare(sdk.Pretext("fw/beit-k-means", "1.0.0", "unmask", t).
		Doc("predict which cluster each hidden patch belongs to: BEiT (Bao et al. 2022) with k-means of patches as its tokenizer"), 512)
	p.Int(&t.perImage, "per_image", 4, "patches of each training image that are clustered", sdk.AtLeast(1))
	p.Int(&t.iterations, "iterations", 20, "of k-means", sdk.Between(1, 200))
	p.Bool(&t.standardize, "standardize", true, "patches without their mean and contrast, so that tokens are shapes and tints rather than brightness")
	return p
}

func (t *kmeans) Objective(s *sdk.Step) sdk.Value {
	s.Phase("codebook", 0, 0)
	images := s.View(0)
	x, scale, offset := t.features(sdk.Patchify(images, t.patch))
	b, n, d := x.Dim(0), x.Dim(1), x.Dim(2)
	if most := s.Samples() * t.perImage; t.codes > most {
		s.Refuse("codes", "expected at most the "+strconv.Itoa(most)+" patches that are clustered, found "+strconv.Itoa(t.codes))
	}
	if t.perImage > n {
		s.Refuse("per_image", "expected at most the "+strconv.Itoa(n)+" patches of an image, found "+strconv.Itoa(t.perImage))
	}
	codebook := t.codebook(s, d)
	tokens := sdk.NearestRow(x.Reshape(b*n, d), codebook).Reshape(b, n)
	return t.predict(s, tokens, func(tokens sdk.Value) sdk.Value {
		patches := codebook.Take(0, tokens).Mul(scale).Add(offset) // in the patch's own mean and contrast
		return sdk.Unpatchify(patches, t.patch, images.Dim(1), images.Dim(2))
	})
}

// codebook is the clusters' centroids f32[K,D]; patches at random until they are found.
func (t *kmeans) codebook(s *sdk.Step, width int) sdk.Value {
	return s.State("codebook", sdk.Dims(t.codes, width), sdk.Normal(0, 1))
}

// contrast is added to the variance of a patch, so that noise in a flat one is no
// shape: 10 of levels from 0 to 255, in images divided by a deviation of a quarter of
// that (Coates & Ng 2012, section 2.1).
const contrast = 10 / (63.75 * 63.75)

// features are what is clustered of patches f32[...,N,D], and what undoes them.
func (t *kmeans) features(patches sdk.Value) (x, scale, offset sdk.Value) {
	if !t.standardize {
		b := patches.Builder()
		return patches, b.Scalar(1), b.Scalar(0)
	}
	return sdk.Standardize(patches, 2, contrast)
}

// Phase clusters patches of all images, drawn without replacement, before the first step.
func (t *kmeans) Phase(p *sdk.Phase) {
	x, _, _ := t.features(sdk.Patchify(p.Images(), t.patch)) // f32[n,N,D]
	n, d := x.Dim(0), x.Dim(2)
	drawn := p.Key(0).Uniform(0, 1, n, x.Dim(1)).ArgSort(1).Slice(1, 0, t.perImage)
	rows := p.Collect(x.TakeBatched(1, 1, drawn).Reshape(n, t.perImage*d)).Reshape(p.Samples()*t.perImage, d)

	t.codebook(p.Step, d) // which the objective reads
	clusters, centroids, distortion := sdk.KMeans(rows, p.Key(1), t.codes, t.iterations)
	p.Assign("codebook", centroids)
	p.Metric("codebook/distortion", distortion)
	p.Metric("codebook/perplexity", sdk.Perplexity(sdk.Shares(clusters, t.codes)))
}
