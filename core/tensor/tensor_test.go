package tensor

import (
	"testing"
	"unsafe"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/shape"
)

func TestNewIsZeroAndAligned(t *testing.T) {
	for n := 1; n < 200; n += 7 {
		x := New(shape.Of(dtype.U8, n))
		if len(x.Data) != n || cap(x.Data) != n {
			t.Errorf("%s has %d bytes, capacity %d", x.Shape, len(x.Data), cap(x.Data))
		}
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(x.Data))); at%Align != 0 {
			t.Errorf("%s starts at %#x", x.Shape, at)
		}
	}
}

func TestViewsShareBytes(t *testing.T) {
	x := New(shape.F32(2, 2))
	x.F32()[3] = 1
	if got := x.Data[12:]; got[2] != 0x80 || got[3] != 0x3f {
		t.Errorf("1.0 is stored as % x, expected little-endian 00 00 80 3f", got)
	}
	b := New(shape.Of(dtype.Bool, 3))
	b.Bool()[1] = true
	if b.Data[1] != 1 {
		t.Errorf("true is stored as %d", b.Data[1])
	}
	c := x.Clone()
	c.F32()[3] = 2
	if x.F32()[3] != 1 {
		t.Error("a clone shares the bytes of its original")
	}
	if got := FromI32([]int32{4, -5}, 2).I32()[1]; got != -5 {
		t.Errorf("got %d", got)
	}
}

func TestViewOfAnotherTypePanics(t *testing.T) {
	for name, f := range map[string]func(){
		"type":      func() { New(shape.F32(4)).I32() },
		"length":    func() { _ = Tensor{shape.F32(4), make([]byte, 15)}.F32() },
		"alignment": func() { _ = Tensor{shape.F32(1), New(shape.F32(2)).Data[1:5]}.F32() },
		"count":     func() { FromF32([]float32{1}, 2) },
		"shape":     func() { New(shape.F32(0)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestOfChecksWhatItIsGiven(t *testing.T) {
	data := New(shape.F32(4)).Data
	if x, err := Of(shape.F32(2, 2), data); err != nil || len(x.F32()) != 4 {
		t.Errorf("Of: %v", err)
	}
	for name, f := range map[string]func() (Tensor, error){
		"length":    func() (Tensor, error) { return Of(shape.F32(3), data) },
		"alignment": func() (Tensor, error) { return Of(shape.F32(2), data[1:9]) },
		"type":      func() (Tensor, error) { return Of(shape.Of(dtype.Image), nil) },
		"dimension": func() (Tensor, error) { return Of(shape.F32(0), nil) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
