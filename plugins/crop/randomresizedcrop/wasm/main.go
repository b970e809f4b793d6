// Command wasm is the crop as a WASM module; plugins/builtin ships it.
package main

import "github.com/fwlab/fw/plugins/crop/randomresizedcrop"

func main() { randomresizedcrop.Plugin().Serve() }
