package main

import (
	"testing"

	"github.com/fwlab/fw/sdk/sdktest"
)

// What the host relies on, for each view.
func TestConformance(t *testing.T) { sdktest.Test(t, plugin()) }
