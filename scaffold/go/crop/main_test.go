package main

import (
	"testing"

	"github.com/fwlab/fw/sdk"
	"github.com/fwlab/fw/sdk/sdktest"
)

// What the host relies on: docs/plugins.md of fw.
func TestConformance(t *testing.T) { sdktest.Test(t, plugin()) }

// Two views of one image have no pixel in common.
func TestHalvesShareNothing(t *testing.T) {
	h := &halves{share: 1}
	for seed := range uint64(1000) {
		k := sdktest.Key(seed)
		img := sdk.Size{H: 1 + k.Intn(50), W: 2 + k.Intn(50)}
		left, right := h.CropView(0, k, img, sdk.Box{}), h.CropView(1, k, img, sdk.Box{})
		if left.X+left.W > right.X {
			t.Fatalf("%+v: %+v and %+v overlap", img, left, right)
		}
	}
}
