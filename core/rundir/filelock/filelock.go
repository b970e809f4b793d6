// Package filelock owns locks that processes hold on files. Closing the file, or the
// end of the process, lets go. Start from [Try] and [Wait].
package filelock

import "os"

// Try takes f for this process, or fails at once.
func Try(f *os.File) error { return lock(f, try) }

// Wait takes f for this process as soon as no other has it.
func Wait(f *os.File) error { return lock(f, wait) }
