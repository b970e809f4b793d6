package winograd

import "unsafe"

// The functions of this file are those of their names without Half and Widened for
// images of bfloat16, in float32 arithmetic. Their channels come in sixteens. They
// may be called where [isa.BF16] is true.

// InputHalf is [Input] to matrices of bfloat16.
func InputHalf(t *Tiles, channels int) {
	if p := t.part(0, channels/16, 32, 32); t.Exist != Whole {
		halfInputEdge(p.bytes())
	} else {
		halfInput(p.bytes())
	}
}

// InputWidened is [Input] to matrices of float32.
func InputWidened(t *Tiles, channels int) {
	if p := t.part(0, channels/16, 32, 64); t.Exist != Whole {
		wideningInputEdge(p.bytes())
	} else {
		wideningInput(p.bytes())
	}
}

// GradientWidened is [Gradient] to matrices of float32.
func GradientWidened(t *Tiles, channels int) {
	if p := t.part(0, channels/Cols, 2*Cols, t.Panel); t.Exist != Whole {
		wideningGradientEdge(p.bytes())
	} else {
		wideningGradient(p.bytes())
	}
}

// OutputHalf is [Output] from matrices of float32.
func OutputHalf(t *Tiles, channels int, stream bool) {
	p := t.part(0, channels/16, 32, 64)
	if stream && uintptr(unsafe.Pointer(t.Image))%32 == 0 && (t.At|t.Row|t.Col)%32 == 0 {
		halfOutputStream(p.bytes())
	} else {
		halfOutput(p.bytes())
	}
}
