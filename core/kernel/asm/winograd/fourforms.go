package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// constants are vectors of one number.
var constants = map[string]operand.Mem{}

func constant(x float64) operand.Mem {
	name := fmt.Sprintf("number%x", math.Float32bits(float32(x)))
	if m, ok := constants[name]; ok {
		return m
	}
	m := build.GLOBL(name, build.RODATA|build.NOPTR)
	for i := range 16 {
		build.DATA(4*i, operand.U32(math.Float32bits(float32(x))))
	}
	constants[name] = m
	return m
}

type vector = reg.VecPhysical

func add(x, y, sum vector)        { build.VADDPS(y, x, sum) }
func sub(x, y, difference vector) { build.VSUBPS(y, x, difference) }
func mul(x vector, c float64, product vector) {
	build.VMULPS(constant(c), x, product)
}

// inputs is winograd.bt6.
func (t target) inputs() (to []vector) {
	r := t.r
	mul(r[0], 4, r[6])
	add(r[6], r[4], r[6])
	mul(r[2], 5, r[7])
	sub(r[6], r[7], r[6])
	mul(r[1], 4, r[8])
	add(r[8], r[5], r[7])
	mul(r[3], 5, r[9])
	sub(r[7], r[9], r[7])
	mul(r[2], 4, r[9])
	sub(r[4], r[9], r[9])
	sub(r[3], r[8], r[8])
	add(r[9], r[8], r[10])
	sub(r[9], r[8], r[11])
	sub(r[4], r[2], r[9])
	sub(r[3], r[1], r[8])
	add(r[8], r[8], r[8])
	add(r[9], r[8], r[12])
	sub(r[9], r[8], r[13])
	return []vector{r[6], r[10], r[11], r[12], r[13], r[7]}
}

// outputs is winograd.atm6.
func (t target) outputs() (to []vector) {
	r := t.r
	add(r[1], r[2], r[6])
	sub(r[1], r[2], r[7])
	add(r[3], r[4], r[8])
	sub(r[3], r[4], r[9])
	add(r[0], r[6], r[10])
	add(r[10], r[8], r[10])
	add(r[9], r[9], r[11])
	add(r[7], r[11], r[11])
	mul(r[8], 4, r[12])
	add(r[6], r[12], r[12])
	mul(r[9], 8, r[13])
	add(r[7], r[13], r[13])
	add(r[13], r[5], r[13])
	return r[10:14]
}

// gradients is winograd.a6.
func (t target) gradients() (to []vector) {
	r := t.r
	add(r[0], r[2], r[4])
	add(r[1], r[3], r[5])
	add(r[4], r[5], r[6])
	sub(r[4], r[5], r[7])
	mul(r[2], 4, r[4])
	add(r[0], r[4], r[4])
	mul(r[3], 8, r[5])
	add(r[1], r[1], r[8])
	add(r[8], r[5], r[5])
	add(r[4], r[5], r[9])
	sub(r[4], r[5], r[10])
	return []vector{r[0], r[6], r[7], r[9], r[10], r[3]}
}

// kernels is winograd.g6.
func (t target) kernels() (to []vector) {
	r := t.r
	add(r[0], r[2], r[3])
	add(r[3], r[1], r[4])
	mul(r[4], -1./6, r[4])
	sub(r[3], r[1], r[5])
	mul(r[5], -1./6, r[5])
	mul(r[0], 1./4, r[6])
	mul(r[0], 1./24, r[7])
	mul(r[2], 1./6, r[8])
	add(r[7], r[8], r[7])
	mul(r[1], 1./12, r[8])
	add(r[7], r[8], r[9])
	sub(r[7], r[8], r[10])
	return []vector{r[6], r[4], r[5], r[9], r[10], r[2]}
}

// kernelGradients is winograd.gt6.
func (t target) kernelGradients() (to []vector) {
	r := t.r
	add(r[1], r[2], r[6])
	sub(r[1], r[2], r[7])
	add(r[3], r[4], r[8])
	sub(r[3], r[4], r[9])
	mul(r[0], 1./4, r[10])
	mul(r[6], -1./6, r[11])
	add(r[10], r[11], r[10])
	mul(r[8], 1./24, r[12])
	add(r[10], r[12], r[10])
	mul(r[7], -1./6, r[12])
	mul(r[9], 1./12, r[13])
	add(r[12], r[13], r[12])
	mul(r[8], 1./6, r[13])
	add(r[11], r[13], r[13])
	add(r[13], r[5], r[13])
	return []vector{r[10], r[12], r[13]}
}
