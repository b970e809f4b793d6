// Package confine owns what a native plugin is kept from: files, network, other
// programs, more memory than it needs. The host starts itself once more by a hidden
// verb; that process takes the rights from itself and becomes the plugin. Start from
// [Policy] and [Main].
package confine

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Policy is what the user granted to a plugin beyond computing. The zero Policy
// grants nothing.
type Policy struct {
	Files      bool // every file, with the user's rights
	Network    bool
	Subprocess bool // other programs
	MemoryMiB  int  // of data; 0 is DefaultMemoryMiB
}

// DefaultMemoryMiB is the memory that a plugin gets that asks for none.
const DefaultMemoryMiB = 8 << 10

// verb is the first argument of the process that becomes a plugin.
const verb = "_confine"

// inherited is the descriptor of the program that is started by one.
const inherited = 3

// Args are the arguments by which the host's own program becomes the plugin at a
// path, read before anything is taken from it, or that of the descriptor after
// standard error if open is set.
func (p Policy) Args(path string, open bool, args []string) []string {
	target := path
	if open {
		target = fmt.Sprintf("/proc/self/fd/%d", inherited)
	}
	return append([]string{verb, p.String(), target, path}, args...)
}

// String is the policy as one argument; parse reads it.
func (p Policy) String() string {
	var words []string
	for word, granted := range p.words() {
		if *granted {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return strings.Join(append(words, strconv.Itoa(p.MemoryMiB)), ",")
}

func (p *Policy) words() map[string]*bool {
	return map[string]*bool{"files": &p.Files, "network": &p.Network, "subprocess": &p.Subprocess}
}

func parse(s string) (p Policy, err error) {
	words := strings.Split(s, ",")
	for _, w := range words[:len(words)-1] {
		granted, ok := p.words()[w]
		if !ok {
			return p, fmt.Errorf("confine: no policy %q", s)
		}
		*granted = true
	}
	p.MemoryMiB, err = strconv.Atoi(words[len(words)-1])
	return p, err
}

// Granted is the policy of capabilities that the user granted, by their names in
// manifests.
func Granted(capabilities []string, memoryMiB int) Policy {
	p := Policy{MemoryMiB: memoryMiB}
	for _, c := range capabilities {
		if granted, ok := p.words()[c]; ok {
			*granted = true
		}
	}
	return p
}

// Main makes this process the plugin that its arguments name, and does not return;
// it returns at once if they name none. A program that starts plugins calls it first.
func Main() {
	if len(os.Args) < 5 || os.Args[1] != verb {
		return
	}
	p, err := parse(os.Args[2])
	if err == nil {
		err = become(p, os.Args[3], os.Args[4:])
	}
	fmt.Fprintln(os.Stderr, "confine:", err)
	os.Exit(126)
}
