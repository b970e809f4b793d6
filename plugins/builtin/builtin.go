// Package builtin is the list of first-party plugins, which ship in the binary.
package builtin

import (
	"github.com/fwlab/fw/plugins/augment/simclraugment"
	"github.com/fwlab/fw/plugins/backbone/resnet"
	"github.com/fwlab/fw/plugins/backbone/vit"
	"github.com/fwlab/fw/plugins/crop/centercrop"
	"github.com/fwlab/fw/plugins/crop/contrastivecrop"
	"github.com/fwlab/fw/plugins/crop/randomresizedcrop"
	"github.com/fwlab/fw/plugins/loss/crossentropy"
	"github.com/fwlab/fw/plugins/loss/maskedmse"
	"github.com/fwlab/fw/plugins/loss/ntxent"
	"github.com/fwlab/fw/plugins/pretext/mae"
	"github.com/fwlab/fw/plugins/pretext/rotation"
	"github.com/fwlab/fw/plugins/pretext/simclr"
	"github.com/fwlab/fw/sdk"
)

// Plugins is every first-party plugin.
func Plugins() []*sdk.Plugin {
	return []*sdk.Plugin{
		simclr.Plugin(), rotation.Plugin(), mae.Plugin(),
		ntxent.Plugin(), crossentropy.Plugin(), maskedmse.Plugin(),
		randomresizedcrop.Plugin(), centercrop.Plugin(), contrastivecrop.Plugin(),
		simclraugment.Plugin(), simclraugment.Flip(),
		resnet.Plugin(), vit.Plugin(),
	}
}
