package main

import (
	"testing"

	"github.com/fwlab/fw/sdk/sdktest"
)

// What the host relies on, in training and with frozen statistics.
func TestConformance(t *testing.T) { sdktest.Test(t, plugin()) }
