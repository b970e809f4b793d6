// Package deepcluster is DeepCluster (Caron et al. 2018, "Deep Clustering for
// Unsupervised Learning of Visual Features").
package deepcluster

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type deepcluster struct {
	clusters, pca, iterations, every int
	uniform                          bool
}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &deepcluster{}
	p := sdk.Pretext("fw/deepcluster", "1.0.0", "classify", t).
		Doc("classify images by the clusters of their own features, found anew before each epoch (Caron et al. 2018)").
		Defaults("fw/cross-entropy", "fw/random-resized-crop", "fw/flip")
	p.Int(&t.clusters, "clusters", 100, "k: 10000 for ImageNet, about ten times the classes", sdk.AtLeast(2))
	p.Int(&t.pca, "pca", 256, "principal components of the features that are clustered, whitened", sdk.AtLeast(1))
	p.Int(&t.iterations, "iterations", 20, "of k-means", sdk.Between(1, 200))
	p.Int(&t.every, "every_epochs", 1, "epochs from one clustering to the next", sdk.AtLeast(1))
	p.Bool(&t.uniform, "uniform", true, "an epoch goes through as many images of each cluster")
	return p
}

// Views shows each image once.
func (t *deepcluster) Views(v *sdk.Views) { v.View(v.Augment(v.Crop(v.Image()))) }

// head is the classifier of clusters, whose weights start at N(0, 0.01).
func (t *deepcluster) head(s *sdk.Step) sdk.Module {
	return s.Module("top", sdk.LinearInit("layer", t.clusters, true, sdk.Normal(0, 0.01), sdk.Constant(0)))
}

func (t *deepcluster) Objective(s *sdk.Step) sdk.Value {
	if t.clusters > s.Samples() {
		s.Refuse("clusters", "expected at most the "+strconv.Itoa(s.Samples())+" training images, found "+strconv.Itoa(t.clusters))
	}
	s.Phase("cluster", 0, t.every)
	h := s.Backbone().Pooled().Apply(s.View(0))
	if t.pca > h.Dim(1) {
		s.Refuse("pca", "expected at most the "+strconv.Itoa(h.Dim(1))+" features of the network, found "+strconv.Itoa(t.pca))
	}
	labels := s.Bank("labels", sdk.Number(), sdk.Constant(0)).Mine()
	return s.Loss(t.head(s).Apply(h), labels)
}

// Phase clusters the features of all images (section 3.2), balances the draw and
// starts the classifier afresh, since clusters keep no names (section 3.3).
func (t *deepcluster) Phase(p *sdk.Phase) {
	all := p.Collect(p.Backbone().Pooled().Apply(p.Images())) // f32[samples,D]
	x := sdk.PCAWhiten(all, t.pca, 1e-5).L2Normalize(1)
	clusters, _, distortion := sdk.KMeans(x, p.Key(0), t.clusters, t.iterations)

	labels := p.Bank("labels", sdk.Number(), sdk.Constant(0))
	p.Metric("cluster/nmi", sdk.NMI(labels.Rows(), clusters, t.clusters, t.clusters)) // with those before
	p.Metric("cluster/distortion", distortion)
	p.Metric("cluster/largest", sdk.Shares(clusters, t.clusters).ReduceMax())
	labels.Set(clusters)
	if t.uniform {
		p.DrawEvenly(clusters, t.clusters, p.Key(1))
	}
	p.Restart("top")
}
