package main

import (
	"testing"

	"github.com/fwlab/fw/sdk/sdktest"
)

// What the host relies on: views and objective trace, for some encoder.
func TestConformance(t *testing.T) { sdktest.Test(t, plugin()) }
