//go:build !linux

package confine

import "errors"

// Available reports whether plugins can be confined here, and what is missing, in
// words for the user.
func Available() (ok bool, missing string) {
	return false, "native plugins are confined on Linux alone: here they run with your rights"
}

func become(Policy, string, []string) error { return errors.ErrUnsupported }
