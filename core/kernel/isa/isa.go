// Package isa owns the choice of instruction set: what the processor has, what
// the build contains and what the environment variable FW_ISA asks for. It owns
// no kernel. Start from [AVX2] and [AVX512].
package isa

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/cpu"
)

// Env names the variable that lowers the choice: one of the [Level] names.
const Env = "FW_ISA"

// Level is an instruction set; each contains those before it.
type Level int

const (
	Noasm       Level = iota // plain Go
	AVX2Level                // AVX2 and FMA
	AVX512Level              // AVX-512 F, BW, DQ and VL
	BF16Level                // AVX512_BF16: products of bfloat16 pairs
)

var names = []string{"noasm", "avx2", "avx512", "avx512bf16"}

// String is the level in the words of [Env].
func (l Level) String() string { return names[l] }

var level, choiceErr = choose(os.Getenv(Env), have())

// have is the highest level that build and processor offer.
func have() Level {
	x := &cpu.X86
	switch {
	case !haveAsm || !x.HasAVX2 || !x.HasFMA:
		return Noasm
	case !x.HasAVX512F || !x.HasAVX512BW || !x.HasAVX512DQ || !x.HasAVX512VL:
		return AVX2Level
	case !x.HasAVX512BF16:
		return AVX512Level
	}
	return BF16Level
}

// AVX2 reports whether kernels may run AVX2 and FMA assembly; otherwise they
// run their plain-Go twins.
func AVX2() bool { return level >= AVX2Level }

// AVX512 reports whether kernels may run AVX-512 assembly.
func AVX512() bool { return level >= AVX512Level }

// BF16 reports whether kernels may run products of bfloat16 pairs.
func BF16() bool { return level >= BF16Level }

// Name is the instruction set in use, in the words of [Env].
func Name() string { return level.String() }

// Check returns an error if [Env] names an instruction set that is unknown, or
// that this processor or build does not have.
func Check() error { return choiceErr }

func choose(want string, have Level) (Level, error) {
	if want == "" {
		return have, nil
	}
	l := Level(slices.Index(names, want))
	switch {
	case l < 0:
		return have, fmt.Errorf("%s: expected %s, found %q", Env, strings.Join(names, ", "), want)
	case l > have:
		return have, fmt.Errorf("%s=%s: this processor or build goes no higher than %s; unset %s", Env, want, have, Env)
	}
	return l, nil
}
