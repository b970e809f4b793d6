package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fwlab/fw/core/checkpoint"
	"github.com/fwlab/fw/core/rundir"
)

// child is fw in a process of its own.
type child struct {
	*exec.Cmd
	out   bytes.Buffer // complete once it has ended
	ended chan struct{}
}

func start(t *testing.T, args ...string) *child {
	t.Helper()
	return startIn(t, "", args...)
}

// startIn starts fw in a folder; "" is this one.
func startIn(t *testing.T, folder string, args ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.Command(self, args...), ended: make(chan struct{})}
	c.Dir = folder
	c.Env = append(os.Environ(), "FW_TEST_MAIN=1")
	c.Stdout, c.Stderr = &c.out, &c.out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = c.Wait()
		close(c.ended)
	}()
	t.Cleanup(c.kill)
	return c
}

// in runs fw in a folder to its end.
func in(t *testing.T, folder string, args ...string) (code int, out string) {
	t.Helper()
	c := startIn(t, folder, args...)
	<-c.ended
	return c.ProcessState.ExitCode(), c.out.String()
}

// mustIn runs a command in a folder that must succeed.
func mustIn(t *testing.T, folder string, args ...string) string {
	t.Helper()
	code, out := in(t, folder, args...)
	if code != 0 {
		t.Fatalf("fw %s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// until waits for something to be so, as long as the process runs, and says if it came.
func (c *child) until(so func() bool) bool {
	for !so() {
		select {
		case <-c.ended:
			return so()
		case <-time.After(100 * time.Microsecond):
		}
	}
	return true
}

func (c *child) kill() {
	_ = c.Process.Kill()
	<-c.ended
}

// stopped runs fw in a process of its own, calls stop when there is a checkpoint, and
// waits for the end. A run that is over before it is stopped, as on a busy machine, shows
// nothing: then there is another.
func stopped(t *testing.T, stop func(*child), args ...string) (c *child, dir string) {
	t.Helper()
	for range 20 {
		dir = filepath.Join(t.TempDir(), "r")
		c = start(t, append([]string{"run", "--out", dir}, args...)...)
		last := filepath.Join(rundir.Dir(dir).Checkpoints(), checkpoint.LastName)
		if !c.until(func() bool { return exists(last) }) {
			t.Fatalf("no checkpoint:\n%s", &c.out)
		}
		stop(c)
		<-c.ended
		if !c.ProcessState.Success() {
			return c, dir
		}
	}
	t.Fatal("each of 20 runs was over before it was stopped")
	return nil, ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
