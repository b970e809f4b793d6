//go:build !noasm

package kernel

const haveAsm = true
