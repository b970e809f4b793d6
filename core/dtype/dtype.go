// Package dtype owns the element types of tensors. Start from [DType].
// It is linked into plugin guests: it imports nothing.
package dtype

// DType is an element type, named as in StableHLO.
type DType uint8

const (
	Invalid DType = iota
	F32           // IEEE 754 binary32, the type of all arithmetic
	BF16          // bfloat16, a storage type: the upper half of a float32, without denormals
	I32           // two's complement, the type of indices, labels and iota
	U32           // random bits and keys; a key is u32[2]
	U8            // raw pixels
	Bool          // predicates, one byte each, 0 or 1
	// Image is an undecoded-size picture inside a view program: its height and
	// width are those of the sample, so it has no static shape.
	Image
	// Rect is a crop rectangle inside a view program, in pixels of an image.
	Rect
)

var names = [...]string{"invalid", "f32", "bf16", "i32", "u32", "u8", "bool", "image", "rect"}
var sizes = [...]int{0, 4, 2, 4, 4, 1, 1, 0, 0}

// String returns StableHLO's spelling, such as "f32".
func (d DType) String() string {
	if int(d) < len(names) {
		return names[d]
	}
	return names[Invalid]
}

// Size is the number of bytes of one element; 0 for types that have no tensors.
func (d DType) Size() int {
	if int(d) < len(sizes) {
		return sizes[d]
	}
	return 0
}

// Float reports whether values of d can carry a gradient.
func (d DType) Float() bool { return d == F32 || d == BF16 }

// Parse is the inverse of String; ok is false for an unknown name.
func Parse(s string) (d DType, ok bool) {
	for i, n := range names[1:] {
		if n == s {
			return DType(i + 1), true
		}
	}
	return Invalid, false
}
