//go:build !noasm

package isa

const haveAsm = true
