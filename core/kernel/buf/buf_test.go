package buf

import (
	"testing"
	"unsafe"

	"github.com/fwlab/fw/core/dtype"
)

func TestViewsShareAlignedBytes(t *testing.T) {
	for n := range 70 {
		b := New(n)
		if len(b.U8) != n || len(b.F32) != n/4 || len(b.I32) != n/4 || len(b.U32) != n/4 {
			t.Fatalf("New(%d) has %d bytes and %d, %d, %d words", n, len(b.U8), len(b.F32), len(b.I32), len(b.U32))
		}
		if n > 0 && uintptr(unsafe.Pointer(&b.U8[0]))%Align != 0 {
			t.Fatalf("New(%d) is not aligned", n)
		}
	}
	b := Make(dtype.F32, 3)
	b.F32[1] = 1
	if b.U32[1] != 0x3f800000 || b.I32[1] != 0x3f800000 || b.U8[7] != 0x3f || b.Len(dtype.F32) != 3 {
		t.Errorf("views disagree: %x %x %x", b.U32[1], b.I32[1], b.U8[7])
	}
}

func TestOverlap(t *testing.T) {
	b := New(128)
	for _, c := range []struct {
		x, y          Buf
		same, overlap bool
	}{
		{b, b, true, true},
		{b.Slice(0, 64), b.Slice(64, 64), false, false},
		{b.Slice(0, 65), b.Slice(64, 64), false, true},
		{b.Slice(64, 4), b, false, true},
		{b.Slice(0, 0), b, false, false},
	} {
		if got := Same(c.x, c.y); got != c.same {
			t.Errorf("Same = %v, want %v", got, c.same)
		}
		if got := Overlap(c.x, c.y); got != c.overlap {
			t.Errorf("Overlap = %v, want %v", got, c.overlap)
		}
	}
}
