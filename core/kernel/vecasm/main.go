// Command vecasm writes ../vec/gen_amd64.s and its Go declarations: primitives
// over float32, each equal to the loop in its comment, and each for AVX-512 and
// for AVX2, which give the same bits. Package vec takes care of the elements
// that they leave over. Run generate.sh after a change; a test of package vec
// compares the output.
package main

import "github.com/mmcloughlin/avo/build"

func main() {
	build.ConstraintExpr("!noasm")
	arithmetic()
	conversions()
	transcendentals()
	reductions()
	columns()
	rows()
	layerNorm()
	route()
	philox()
	transpose()
	gelu()
	build.Generate()
}
