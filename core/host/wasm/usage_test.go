package wasm

import (
	"context"
	"testing"

	"github.com/fwlab/fw/core/abi"
)

// The most that a call needed is kept, by method, also of a call that was stopped.
func TestUsage(t *testing.T) {
	m, err := Open(context.Background(), plugin(reply(1)), "")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for range 3 {
		if _, err := m.Call(context.Background(), abi.Trace, nil); err != nil {
			t.Fatal(err)
		}
	}
	u := m.Usage()
	if u.Fuel[abi.Trace] != 2 || u.Fuel[abi.Crop] != 0 || u.Memory != 1<<16 { // two functions were entered
		t.Errorf("%+v", u)
	}
	m.ResetUsage()
	if u := m.Usage(); u.Fuel[abi.Trace] != 0 || u.Memory != 0 {
		t.Errorf("%+v after a reset", u)
	}

	loop, err := Open(context.Background(), plugin([]byte{0x03, 0x40, 0x0c, 0, 0x0b, 0x42, 0}), "")
	if err != nil {
		t.Fatal(err)
	}
	defer loop.Close()
	if _, err := loop.Call(context.Background(), abi.Crop, nil); err == nil || loop.Usage().Fuel[abi.Crop] <= abi.FuelCrop {
		t.Errorf("%v, %+v", err, loop.Usage())
	}
}

// A trace names the author's function, the runtime's and the SDK's left out.
func TestWithin(t *testing.T) {
	const trace = "wasm error: unreachable\nwasm stack trace:\n\t.runtime.abort(i32) i32\n\t.github.com/fwlab/fw/sdk.call(i32,i32,i32) i64\n\t.main.__halves_.CropView(i32) i32\n\t.main.plugin(i32) i32"
	for text, want := range map[string]string{trace: ", in main.__halves_.CropView", "wasm error: unreachable\nwasm stack trace:\n\t.$3(i32) i64": "", "": ""} {
		if got := within(text); got != want {
			t.Errorf("%q, expected %q in\n%s", got, want, text)
		}
	}
}
