package process

import (
	"strings"
	"sync"
)

// Sizes of what tail keeps.
const (
	maxFirst = 1 << 10
	maxLast  = 4 << 10
)

// tail keeps the first and the last words of a process: some runtimes say first what
// was wrong, and others last.
type tail struct {
	mu          sync.Mutex
	first, last []byte
	cut         bool // between the two
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(p), maxFirst-len(t.first))
	t.first = append(t.first, p[:n]...)
	t.last = append(t.last, p[n:]...)
	if over := len(t.last) - maxLast; over > 0 {
		t.last, t.cut = append(t.last[:0], t.last[over:]...), true
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	between := ""
	if t.cut {
		between = "\n...\n"
	}
	return strings.ToValidUTF8(string(t.first)+between+string(t.last), "?")
}
