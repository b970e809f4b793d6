package builtin

import (
	"testing"

	"github.com/fwlab/fw/sdk/sdktest"
)

// Every first-party plugin holds to what the host relies on.
func TestConformance(t *testing.T) {
	for _, p := range Plugins() {
		t.Run(p.Info().ID, func(t *testing.T) { sdktest.Test(t, p) })
	}
}
