// Package isa owns the choice of instruction set: what the processor has, what
// the build contains and what the environment variable FW_ISA asks for. It owns
// no kernel. Start from [AVX2].
package isa

import (
	"fmt"
	"os"

	"golang.org/x/sys/cpu"
)

// Env names the variable that overrides the choice: noasm or avx2.
const Env = "FW_ISA"

var avx2, choiceErr = choose(os.Getenv(Env), haveAsm && cpu.X86.HasAVX2 && cpu.X86.HasFMA)

// AVX2 reports whether kernels run their AVX2 and FMA assembly; otherwise they
// run their plain-Go twins.
func AVX2() bool { return avx2 }

// Name is the instruction set in use, in the words of [Env].
func Name() string {
	if avx2 {
		return "avx2"
	}
	return "noasm"
}

// Check returns an error if [Env] names an instruction set that is unknown, or
// that this processor or build does not have.
func Check() error { return choiceErr }

func choose(want string, haveAVX2 bool) (avx2 bool, err error) {
	switch want {
	case "":
		return haveAVX2, nil
	case "noasm":
		return false, nil
	case "avx2":
		if !haveAVX2 {
			return false, fmt.Errorf("%s=avx2: this processor or build has no AVX2 with FMA; unset %s", Env, Env)
		}
		return true, nil
	}
	return haveAVX2, fmt.Errorf("%s: expected noasm or avx2, found %q", Env, want)
}
