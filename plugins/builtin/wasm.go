package builtin

import _ "embed"

//go:generate env GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 GOFLAGS= go build -trimpath -buildvcs=false -buildmode=c-shared -o random-resized-crop.wasm ../crop/randomresizedcrop/wasm
//go:generate env GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 GOFLAGS= go build -trimpath -buildvcs=false -buildmode=c-shared -o contrastive-crop.wasm ../crop/contrastivecrop/wasm

// BuiltWith is the Go version that built the shipped modules.
const BuiltWith = "go1.26.8"

// RandomResizedCropWASM is fw/random-resized-crop as a module, so that the first run crosses both carriers.
//
//go:embed random-resized-crop.wasm
var RandomResizedCropWASM []byte

// ContrastiveCropWASM is fw/contrastive-crop as a module.
//
//go:embed contrastive-crop.wasm
var ContrastiveCropWASM []byte

// Modules is the plugins that ship as WASM, by id.
func Modules() map[string][]byte {
	return map[string][]byte{"fw/random-resized-crop": RandomResizedCropWASM, "fw/contrastive-crop": ContrastiveCropWASM}
}
