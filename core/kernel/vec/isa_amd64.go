//go:build !noasm

package vec

const haveAsm = true
