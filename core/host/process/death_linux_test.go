package process

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// keepOne is a host that starts a plugin, prints its number and waits to be killed.
func keepOne() {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	p, err := Start(context.Background(), Config{Path: self, Env: []string{hostileKey + "=answers"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(p.(*process).cmd.Process.Pid)
	select {}
}

// leaveSession is what a child does that does not want to end with its parent.
func leaveSession() { _, _ = syscall.Setsid() }

// A plugin that does not watch its host goes with it, even when the host is killed.
func TestAPluginDiesWithItsHost(t *testing.T) {
	h := exec.Command(os.Args[0])
	h.Env = append(os.Environ(), hostileKey+"=host")
	h.Stderr = os.Stderr
	out, err := h.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	pid := strings.TrimSpace(line)
	if err != nil || !alive(pid) {
		_ = h.Process.Kill()
		t.Fatalf("the plugin %q does not run: %v", pid, err)
	}
	if err := h.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = h.Wait()
	for end := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %s outlives its host", pid)
		}
	}
}

// alive reports whether a process is there and no zombie.
func alive(pid string) bool {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	_, state, _ := strings.Cut(string(b), ") ")
	return err == nil && !strings.HasPrefix(state, "Z")
}
