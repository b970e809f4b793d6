package host

import (
	"errors"
	"testing"

	"github.com/fwlab/fw/core/abi"
)

// What a guest printed becomes one line with the author's place, whatever the
// language, and what it printed before stays.
func TestErrorsPointIntoTheAuthorsSource(t *testing.T) {
	for _, c := range []struct{ name, stderr, want string }{
		{"a Go module", `about to crop
panic: runtime error: index out of range [3] with length 0

goroutine 1 [running]:
main.(*halves).CropView(0x20e028, 0x0, {0x20, 0x1})
	mine/boom/main.go:16 +0x8
main.plugin.CropViews.func1(0x30c000)
	github.com/fwlab/fw@v0.0.0/sdk/crop.go:86 +0x27
github.com/fwlab/fw/sdk.call(0x3, 0x306000, 0x12d7)
	github.com/fwlab/fw@v0.0.0/sdk/serve_wasm.go:48 +0x7
`, "plugin \"mine/boom\": Crop: trapped: panic: runtime error: index out of range [3] with length 0 (mine/boom/main.go:16)\n  about to crop"},
		{"the author's own package, called through the standard library", `panic: no such side

goroutine 22 [running]:
mine/boom/geometry.side(...)
	mine/boom/geometry/side.go:9
slices.insertionSortCmpFunc[...]({0x30, 0x2})
	slices/zsortanyfunc.go:12 +0x105
slices.SortFunc[...](...)
	slices/sort.go:29
main.(*halves).CropView(0x23?, 0x0)
	mine/boom/main.go:20 +0x1
created by github.com/fwlab/fw/sdk.(*service).call in goroutine 18
	github.com/fwlab/fw@v0.0.0/sdk/grpc.go:77 +0x186
`, `plugin "mine/boom": Crop: trapped: panic: no such side (mine/boom/geometry/side.go:9)`},
		{"a failure of the standard library", `fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive]:
sync.(*WaitGroup).Wait(0x1)
	sync/waitgroup.go:118 +0x1
main.wait(...)
	mine/boom/wait.go:7
`, `plugin "mine/boom": Crop: trapped: fatal error: all goroutines are asleep - deadlock! (mine/boom/wait.go:7)`},
		{"Rust", "thread '<unnamed>' panicked at crop.rs:31:9:\nindex out of bounds: the len is 0 but the index is 3\nnote: run with RUST_BACKTRACE=1\n",
			`plugin "mine/boom": Crop: trapped: panic: index out of bounds: the len is 0 but the index is 3 (crop.rs:31)`},
		{"an SDK that logs", "first words\nhalves.c:31: index out of bounds\n", "plugin \"mine/boom\": Crop: trapped: halves.c:31: index out of bounds\n  first words"},
		{"words that are no trace", "no memory left\n", "plugin \"mine/boom\": Crop: trapped: wasm: unreachable\n  no memory left"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &Error{Plugin: "mine/boom", Method: abi.Crop, Kind: Trapped, Err: errors.New("wasm: unreachable"), Stderr: c.stderr}
			if got := e.Error(); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
