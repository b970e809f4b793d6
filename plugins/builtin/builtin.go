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
	"github.com/fwlab/fw/plugins/loss/crossentropy"
	"github.com/fwlab/fw/plugins/loss/ntxent"
	"github.com/fwlab/fw/plugins/pretext/rotation"
	"github.com/fwlab/fw/plugins/pretext/simclr"
	"github.com/fwlab/fw/sdk"
)

// Plugins is every first-party plugin.
func Plugins() []*sdk.Plugin {
	return slices.Concat([]*sdk.Plugin{
		simclr.Plugin(), rotation.Plugin(),
		ntxent.Plugin(), crossentropy.Plugin(),
		randomresizedcrop.Plugin(), centercrop.Plugin(), randomcrop.Plugin(), multicrop.Plugin(), contrastivecrop.Plugin(),
		simclraugment.Plugin(), simclraugment.Flip(), randaugment.Plugin(),
		resnet.Plugin(), vit.Plugin(),
	}, recipe.Plugins())
}
