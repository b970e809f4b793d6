// Command vecasm writes ../vec/gen_amd64.s and its Go declarations: AVX2
// primitives over float32, each equal to the loop in its comment. Lengths are
// multiples of 8; package vec takes care of the rest. Run generate.sh after a
// change; a test of package vec compares the output.
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
	route()
	philox()
	transpose()
	build.Generate()
}
