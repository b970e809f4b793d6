// Command wasm is the crop as a WASM module; plugins/builtin ships it.
package main

import "github.com/fwlab/fw/plugins/crop/contrastivecrop"

func main() { contrastivecrop.Plugin().Serve() }
