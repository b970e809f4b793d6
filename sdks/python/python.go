// Package python owns the SDK for plugins in Python, which run as processes: its sources,
// which a plugin's folder carries with it. Start from [Files]. docs/abi.md specifies what it
// implements.
package python

import "embed"

// Files is the SDK, the folder fw, beside its examples.
//
//go:embed *.py fw/*.py
var Files embed.FS
