package host

import (
	"path"
	"regexp"
	"strings"
)

// blame finds in a guest's last words what it died of and where in its author's
// source, and what it said before: what Go and Rust print of a panic, and what the
// SDKs of other languages log.
func blame(stderr string) (what, where, before string, ok bool) {
	for _, read := range []func(string) (string, string, string, bool){goPanic, rustPanic, logged} {
		if what, where, before, ok = read(stderr); ok {
			return what, where, before, true
		}
	}
	return "", "", stderr, false
}

var (
	goDeath = regexp.MustCompile(`(?m)^(panic: .*|fatal error: .*)$`)
	goFrame = regexp.MustCompile(`(?m)^(\S.*)\(.*\)\n\t(\S+?\.(?:go|s)):(\d+)(?: .*)?$`)
	// kit is the files and functions of the SDK and of what it stands on.
	kit = regexp.MustCompile(`^github\.com/fwlab/fw(@[^/]*)?/(sdk|core)[/.]`)

	rustDeath = regexp.MustCompile(`(?m)^(?:thread '.*' )?(?:\(\d+\) )?panicked at (\S+?:\d+)(?::\d+)?:?\n?(.*)$`)
)

// lastLine is one of a place and what happened there, behind everything else.
var lastLine = regexp.MustCompile(`(?:^|\n)(\S+\.\w+:\d+: .+)\s*$`)

// logged reads "FILE:LINE: MESSAGE", which says it all.
func logged(stderr string) (what, where, before string, ok bool) {
	m := lastLine.FindStringSubmatchIndex(stderr)
	if m == nil {
		return "", "", "", false
	}
	return strings.TrimSpace(stderr[m[2]:m[3]]), "", stderr[:m[0]], true
}

// goPanic reads a goroutine's trace: the function, then its file and line behind a
// tab, the innermost first. The author's place is the first in the folder of package
// main, or below it: where a call into the standard library began.
func goPanic(stderr string) (what, where, before string, ok bool) {
	at := goDeath.FindStringIndex(stderr)
	if at == nil {
		return "", "", "", false
	}
	type frame struct{ file, line string }
	var frames []frame
	root := ""
	for _, m := range goFrame.FindAllStringSubmatch(stderr[at[1]:], -1) {
		function, file := m[1], m[2]
		if kit.MatchString(function) || kit.MatchString(file) || strings.HasPrefix(function, "runtime.") || strings.HasPrefix(function, "created by ") || function == "panic" {
			continue
		}
		if root == "" && strings.HasPrefix(function, "main.") {
			root = path.Dir(file)
		}
		frames = append(frames, frame{file, m[3]})
	}
	for _, f := range frames {
		if strings.HasPrefix(f.file, root) {
			where = f.file + ":" + f.line
			break
		}
	}
	return stderr[at[0]:at[1]], where, stderr[:at[0]], true
}

// rustPanic reads "panicked at FILE:LINE:COLUMN:" and the message behind it.
func rustPanic(stderr string) (what, where, before string, ok bool) {
	m := rustDeath.FindStringSubmatchIndex(stderr)
	if m == nil {
		return "", "", "", false
	}
	return "panic: " + strings.TrimSpace(stderr[m[4]:m[5]]), stderr[m[2]:m[3]], stderr[:m[0]], true
}
