// Package fw is a self-supervised-learning lab for computer vision. The program
// is cmd/fw; docs/architecture.md says how the house is built.
package fw

import "embed"

// SDK is the sources that a plugin in Go is built with, and tested: what scaffolds
// carry, so that they need no network. layers_test.go holds that nothing is missing.
//
//go:embed go.mod LICENSE sdk/*.go sdk/*.s sdk/sdktest/*.go
//go:embed core/abi/*.go core/autodiff/*.go core/dtype/*.go core/interp/*.go core/ir/*.go core/link/*.go
//go:embed core/op/*.go core/rng/*.go core/schema/*.go core/shape/*.go core/trace/*.go core/wire/*.go
var SDK embed.FS
