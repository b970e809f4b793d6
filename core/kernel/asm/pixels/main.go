// Command pixels writes the assembly of core/view/pix: operations on 8-bit
// pictures for AVX2 and FMA, each with the bytes of its plain twin there. Run
// generate.sh after a change; a test of package pix compares the output.
package main

import (
	"github.com/fwlab/fw/core/kernel/asm/constants"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	blend()
	lumaSum()
	gray()
	saturate()
	hue()
	mirror()
	jfif()
	normalize()
	columns()
	rows()
	box()
	Generate()
}

var (
	dst, src, count = RDI, RSI, RCX
	v               = []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}
)

func at(r Register, disp int) Mem { return Mem{Base: r, Disp: disp} }

// function begins a function whose last argument, n, is in count.
func function(name, doc, signature string) {
	TEXT(name, NOSPLIT, "func("+signature+", n int)")
	Pragma("noescape")
	Doc(name + ": " + doc + ".")
	Load(Param("n"), count)
}

// loop ends the function after a loop over body, which takes each elements.
func loop(each int, body func()) {
	Label("loop")
	body()
	SUBQ(U8(each), count)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// scalar spreads an argument of 32 bits over r; it uses EAX.
func scalar(name string, r VecPhysical) {
	a, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	MOVL(a.Addr, EAX)
	VMOVD(EAX, r.AsX())
	VPBROADCASTD(r.AsX(), r)
}

// The eight pixels of a group, 24 bytes, are loaded as two halves of a vector: the
// first four from byte 0 of theirs, the others from byte 4, so that nothing behind
// the pixels is touched.
const group = 24

// first is where pixel k of a half begins.
func first(half, k int) byte { return byte(4*half + 3*k) }

const none = 0x80 // a byte that a shuffle makes 0

func loadGroup(p Register, r VecPhysical) {
	VMOVDQU(at(p, 0), r.AsX())
	VINSERTI128(U8(1), at(p, 8), r, r)
}

// pick is the shuffle of a group that gives each pixel four bytes: of channel c, or none for -1.
func pick(channels ...int) Mem {
	var b []byte
	for half := range 2 {
		for k := range 4 {
			for _, c := range channels {
				if c < 0 {
					b = append(b, none)
				} else {
					b = append(b, first(half, k)+byte(c))
				}
			}
		}
	}
	return constants.Bytes(b...)
}

// channel leaves channel c of a group's pixels in words of 32 bits.
func channel(c int, group, r VecPhysical) { VPSHUFB(pick(c, -1, -1, -1), group, r) }

// storeHalves stores the first twelve bytes of each half.
func storeHalves(r VecPhysical, p Register) {
	VMOVDQU(constants.Order(0, 1, 2, 4, 5, 6, 3, 7), Y15)
	VPERMD(r, Y15, r)
	VMOVDQU(r.AsX(), at(p, 0))
	VEXTRACTI128(U8(1), r, r.AsX())
	VMOVQ(r.AsX(), at(p, 16))
}

// storeGroup stores pixels whose channels are words of 32 bits, clipped to levels.
func storeGroup(r, g, b VecPhysical, p Register) {
	VPACKSSDW(g, r, r)
	VPACKSSDW(b, b, b)
	VPACKUSWB(b, r, r) // r0-3 g0-3 b0-3 b0-3
	VPSHUFB(constants.Bytes(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, none, none, none, none), r, r)
	storeHalves(r, p)
}

func next(p ...GPPhysical) {
	for _, r := range p {
		ADDQ(U8(group), r)
	}
}
