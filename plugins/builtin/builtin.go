// Package builtin is the list of first-party plugins, which ship in the binary.
package builtin

import (
	"slices"

	"github.com/fwlab/fw/plugins/augment/randaugment"
	"github.com/fwlab/fw/plugins/augment/recipe"
	"github.com/fwlab/fw/plugins/augment/simclraugment"
	"github.com/fwlab/fw/plugins/backbone/resnet"
	"github.com/fwlab/fw/plugins/backbone/vit"
	"github.com/fwlab/fw/plugins/crop/centercrop"
	"github.com/fwlab/fw/plugins/crop/contrastivecrop"
	"github.com/fwlab/fw/plugins/crop/multicrop"
	"github.com/fwlab/fw/plugins/crop/randomcrop"
	"github.com/fwlab/fw/plugins/crop/randomresizedcrop"
	"github.com/fwlab/fw/plugins/loss/bank"
	"github.com/fwlab/fw/plugins/loss/cosine"
	"github.com/fwlab/fw/plugins/loss/crosscorrelation"
	"github.com/fwlab/fw/plugins/loss/crossentropy"
	"github.com/fwlab/fw/plugins/loss/distillation"
	"github.com/fwlab/fw/plugins/loss/infonce"
	"github.com/fwlab/fw/plugins/loss/maskedcrossentropy"
	"github.com/fwlab/fw/plugins/loss/maskedl1"
	"github.com/fwlab/fw/plugins/loss/maskedmse"
	"github.com/fwlab/fw/plugins/loss/npair"
	"github.com/fwlab/fw/plugins/loss/ntxent"
	"github.com/fwlab/fw/plugins/loss/rebalanced"
	"github.com/fwlab/fw/plugins/loss/softcrossentropy"
	"github.com/fwlab/fw/plugins/loss/supcon"
	"github.com/fwlab/fw/plugins/loss/triplet"
	vicregloss "github.com/fwlab/fw/plugins/loss/vicreg"
	"github.com/fwlab/fw/plugins/pretext/barlowtwins"
	"github.com/fwlab/fw/plugins/pretext/beit"
	"github.com/fwlab/fw/plugins/pretext/byol"
	"github.com/fwlab/fw/plugins/pretext/colorization"
	"github.com/fwlab/fw/plugins/pretext/contextencoder"
	"github.com/fwlab/fw/plugins/pretext/deepcluster"
	"github.com/fwlab/fw/plugins/pretext/denoising"
	"github.com/fwlab/fw/plugins/pretext/dino"
	"github.com/fwlab/fw/plugins/pretext/instdisc"
	"github.com/fwlab/fw/plugins/pretext/jigsaw"
	"github.com/fwlab/fw/plugins/pretext/mae"
	"github.com/fwlab/fw/plugins/pretext/metriclearning"
	"github.com/fwlab/fw/plugins/pretext/moco"
	"github.com/fwlab/fw/plugins/pretext/nnclr"
	"github.com/fwlab/fw/plugins/pretext/relativeposition"
	"github.com/fwlab/fw/plugins/pretext/rotation"
	"github.com/fwlab/fw/plugins/pretext/simclr"
	"github.com/fwlab/fw/plugins/pretext/simmim"
	"github.com/fwlab/fw/plugins/pretext/simsiam"
	"github.com/fwlab/fw/plugins/pretext/swav"
	"github.com/fwlab/fw/plugins/pretext/vicreg"
	"github.com/fwlab/fw/sdk"
)

// Plugins is every first-party plugin.
func Plugins() []*sdk.Plugin {
	return slices.Concat([]*sdk.Plugin{
		simclr.Plugin(), rotation.Plugin(), simsiam.Plugin(), byol.Plugin(), moco.Plugin(), moco.V3(), barlowtwins.Plugin(), vicreg.Plugin(), nnclr.Plugin(),
		instdisc.Plugin(), metriclearning.Triplet(), metriclearning.Pairs(), swav.Plugin(), dino.Plugin(), deepcluster.Plugin(), mae.Plugin(),
		relativeposition.Plugin(), jigsaw.Plugin(), colorization.Plugin(),
		denoising.Plugin(), contextencoder.Plugin(), simmim.Plugin(), beit.Plugin(), beit.KMeans(), beit.DVAE(),
		ntxent.Plugin(), infonce.Plugin(), infonce.Queue(), bank.NCE(), bank.Softmax(), triplet.Plugin(), supcon.Plugin(), npair.Plugin(),
		cosine.Negative(), cosine.Distance(), crosscorrelation.Plugin(), vicregloss.Plugin(), distillation.Plugin(), softcrossentropy.Plugin(), rebalanced.Plugin(), crossentropy.Plugin(), maskedmse.Plugin(), maskedl1.Plugin(), maskedcrossentropy.Plugin(),
		randomresizedcrop.Plugin(), centercrop.Plugin(), randomcrop.Plugin(), multicrop.Plugin(), contrastivecrop.Plugin(),
		simclraugment.Plugin(), simclraugment.Flip(), randaugment.Plugin(),
		resnet.Plugin(), vit.Plugin(), beit.Encoder(),
	}, recipe.Plugins())
}
