package exec

import (
	"testing"

	"github.com/fwlab/fw/core/ir"
)

// What an instruction moves: of slices and scatters the part, not the whole.
func TestCost(t *testing.T) {
	const inputs = "%0 x: f32[8,4], %1 y: f32[8,4], %2 part: f32[2,4], %3 at: i32[2]"
	for instr, want := range map[string]int{
		"f32[8,4] = add(%0, %1)":                      3 * 128,
		"f32[2,4] = slice(%0)":                        2 * 32,
		"f32[2,4] = gather(%0, %3)":                   2*32 + 8,
		"f32[2,4] = dynamic_slice(%0, %3)":            2*32 + 8,
		"f32[8,4] = dynamic_update_slice(%0, %2, %3)": 3*32 + 8,
		"f32[8,4] = scatter(%0, %3, %2)":              3*32 + 8,
	} {
		p, err := ir.Parse("program 1\nfunc @f(" + inputs + ") {\n  %4: " + instr + "\n  return z=%4\n}\n")
		if err != nil {
			t.Fatal(instr, err)
		}
		f := p.Funcs[0]
		if got := costOf(f, &f.Instrs[0], nil); got.bytes != want || got.flops != 0 {
			t.Errorf("%s: %+v, expected %d bytes", instr, got, want)
		}
	}
}
