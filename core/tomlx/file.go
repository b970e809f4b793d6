package tomlx

import (
	"fmt"
	"io"
)

// ReadAll reads a file of at most [MaxBytes].
func ReadAll(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err == nil && len(b) > MaxBytes {
		err = fmt.Errorf("more than %d bytes", MaxBytes)
	}
	return b, err
}
