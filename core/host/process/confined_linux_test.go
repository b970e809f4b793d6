package process

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/process/confine"
)

// deeds are what a plugin tries that its user did not grant, on an argument; nil is
// that it was done.
var deeds = map[string]func(argument string) error{
	"read":  func(path string) error { _, err := os.ReadFile(path); return err },
	"list":  func(path string) error { _, err := os.ReadDir(path); return err },
	"write": func(path string) error { return os.WriteFile(path, []byte("x"), 0o644) },
	"append": func(path string) error {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			f.Close()
		}
		return err
	},
	"remove":   func(path string) error { return os.Remove(path) },
	"truncate": func(path string) error { return os.Truncate(path, 0) },
	"dial": func(address string) error {
		network, address, _ := strings.Cut(address, " ")
		c, err := net.Dial(network, address)
		if err == nil {
			_, err = c.Write([]byte("secret"))
			c.Close()
		}
		return err
	},
	"listen": func(address string) error {
		l, err := net.Listen("tcp", address)
		if err == nil {
			l.Close()
		}
		return err
	},
	"execute": func(string) error {
		path := filepath.Join(os.TempDir(), "x")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
			return nil
		}
		return syscall.Exec(path, []string{"x"}, nil)
	},
	"fork": func(string) error { return exec.Command("/bin/sh", "-c", ":").Run() },
	"signal": func(pid string) error {
		var n int
		fmt.Sscan(pid, &n)
		return syscall.Kill(n, 0)
	},
	"unlimit": func(string) error {
		return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY})
	},
	"descriptors": func(string) error {
		for range 2000 {
			if _, err := syscall.Dup(2); err != nil {
				return err
			}
		}
		return nil
	},
}

// attempt is a plugin that tries what it is asked for and says how it went.
func attempt(request []byte) ([]byte, error) {
	name, argument, _ := strings.Cut(string(request), " ")
	if err := deeds[name](argument); err != nil {
		return []byte("refused: " + err.Error()), nil
	}
	return []byte("done"), nil
}

func init() {
	answers["attempts"] = attempt
	answers["parent"] = func(request []byte) ([]byte, error) {
		if len(request) > 0 {
			os.Exit(6)
		}
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = []string{hostileKey + "=hides"}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		if _, err := out.Read(make([]byte, 1)); err != nil { // until it is hidden
			return nil, err
		}
		return fmt.Append(nil, cmd.Process.Pid), nil
	}
	answers["fills its folder"] = func([]byte) ([]byte, error) {
		return nil, os.WriteFile(filepath.Join(os.TempDir(), "x"), make([]byte, 32<<20), 0o600)
	}
	answers["takes memory"] = func([]byte) ([]byte, error) {
		debug.SetGCPercent(-1)
		var kept [][]byte
		for range 100 {
			b := make([]byte, 1<<30)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			kept = append(kept, b)
		}
		return fmt.Append(nil, len(kept)), nil
	}
}

// confined starts the hostile plugin of a name under a policy, from a copy whose hash
// is checked.
func confined(t *testing.T, name string, p confine.Policy) *process {
	t.Helper()
	if _, missing := confine.Available(); missing != "" {
		t.Skip("skipped: " + missing)
	}
	cfg := config(t, name)
	v := placed(t, self(t))
	cfg.Path, cfg.SHA256, cfg.Confine = v.path, v.sha256, &p
	return start(t, cfg)
}

// What was not granted is refused by the kernel, and what was is done.
func TestConfined(t *testing.T) {
	home := t.TempDir()
	secret := filepath.Join(home, ".ssh", "id")
	if err := os.MkdirAll(filepath.Dir(secret), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	agent, err := net.Listen("unix", filepath.Join(home, "agent"))
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	abstract, err := net.Listen("unix", "@fw-"+filepath.Base(home))
	if err != nil {
		t.Fatal(err)
	}
	defer abstract.Close()

	nothing, files, network, subprocess := confine.Policy{}, confine.Policy{Files: true}, confine.Policy{Network: true}, confine.Policy{Subprocess: true}
	plugins := map[confine.Policy]*process{}
	host := fmt.Sprint(os.Getpid())
	for _, c := range []struct {
		do      string
		granted *confine.Policy // nil: nothing grants it
	}{
		{"read " + secret, &files},
		{"list " + home, &files},
		{"read /etc/shadow", nil},
		{"read /proc/" + host + "/environ", nil},
		{"write " + filepath.Join(home, "new"), &files},
		{"append " + secret, &files},
		{"truncate " + filepath.Join(home, "new"), &files},
		{"remove " + filepath.Join(home, "new"), &files},
		{"dial tcp " + tcp.Addr().String(), &network},
		{"dial udp 127.0.0.1:53", &network},
		{"dial unix " + agent.Addr().String(), &network},
		{"dial unix @fw-" + filepath.Base(home), &network},
		{"listen 127.0.0.1:0", &network},
		{"fork", &subprocess},
		{"execute", nil},
		{"signal " + host, nil},
		{"unlimit", nil},
		{"descriptors", nil},
	} {
		ask := func(p confine.Policy) string {
			t.Helper()
			if plugins[p] == nil {
				plugins[p] = confined(t, "attempts", p)
			}
			reply, err := plugins[p].Call(context.Background(), abi.Trace, []byte(c.do))
			if err != nil {
				t.Fatal(err)
			}
			return string(reply)
		}
		if got := ask(nothing); !strings.HasPrefix(got, "refused: ") {
			t.Errorf("%s: %s", c.do, got)
		}
		if c.granted != nil {
			if got := ask(*c.granted); got != "done" {
				t.Errorf("%s, which is granted: %s", c.do, got)
			}
		}
	}
	if b, err := os.ReadFile(secret); err != nil || string(b) != "secret" {
		t.Errorf("the secret is %q, %v", b, err)
	}
}

// A plugin that takes memory without end ends, and the host does not; a large file in
// the folder of its own is refused.
func TestConfinedLimits(t *testing.T) {
	for _, c := range []struct {
		name string
		kind host.Kind
		want []string // one of these
	}{
		{"takes memory", host.Crashed, []string{"fatal error: ", "pthread_create failed"}}, // by Go's own allocator, or by C's for a thread
		{"fills its folder", host.Refused, []string{"file too large"}},
	} {
		p := confined(t, c.name, confine.Policy{MemoryMiB: 1 << 10})
		_, err := p.Call(context.Background(), abi.Trace, nil)
		if e, ok := err.(*host.Error); !ok || e.Kind != c.kind || !slices.ContainsFunc(c.want, func(w string) bool { return strings.Contains(err.Error(), w) }) {
			t.Errorf("%s: expected %s, one of %q, found %v", c.name, c.kind, c.want, err)
		}
	}
}

// The file that was hashed is what is confined: one put in its place is not started.
func TestConfinedIsWhatWasHashed(t *testing.T) {
	v := placed(t, self(t))
	cmd := command(Config{Path: v.path, Confine: &confine.Policy{}, Args: []string{"-test.run=^$"}}, v)
	if err := os.Rename(v.path, v.path+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(v.path, []byte("#!/bin/sh\necho swapped\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("PASS")) || bytes.Contains(out, []byte("swapped")) {
		t.Errorf("%v: %s", err, out)
	}
}

// Interpreters start, without a terminal or the host's input, and say what they were
// refused.
func TestConfinedScripts(t *testing.T) {
	if able, missing := confine.Available(); !able || missing != "" {
		t.Skip("skipped: " + missing)
	}
	for name, c := range map[string]struct{ script, want string }{
		"sh":     {"#!/bin/sh\nread line || echo nothing to read\necho x > /tmp/fw-new && echo it wrote\n", "nothing to read"},
		"env":    {"#!/usr/bin/env python3\nimport json, ssl, hashlib, ctypes, threading\nprint('imported')\n", "imported"},
		"python": {"#!/usr/bin/python3 -I\nimport os, socket\ns = socket.socket(socket.AF_UNIX)\ns.bind(os.environ['PLUGIN_UNIX_SOCKET_DIR'] + '/s')\ns.listen()\ntry:\n  socket.socket()\nexcept OSError:\n  print('serves, and has no socket')\n", "serves, and has no socket"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(c.script, "python") {
				if _, err := os.Stat("/usr/bin/python3"); err != nil {
					t.Skip("skipped: no python3")
				}
			}
			v := placed(t, []byte(c.script))
			cmd := command(Config{Path: v.path, Confine: &confine.Policy{}}, v)
			cmd.Env, cmd.Stdin = []string{"PLUGIN_UNIX_SOCKET_DIR=" + t.TempDir()}, strings.NewReader("what the user types\n")
			out, _ := cmd.CombinedOutput()
			if !bytes.Contains(out, []byte(c.want)) || bytes.Contains(out, []byte("it wrote")) {
				t.Errorf("%s", out)
			}
		})
	}
}

// Children of a plugin end with it, however it ends, also when they would leave its
// session.
func TestChildrenEndWithTheirPlugin(t *testing.T) {
	for _, how := range []string{"is closed", "crashes"} {
		p := confined(t, "parent", confine.Policy{Subprocess: true})
		pid, err := p.Call(context.Background(), abi.Trace, nil)
		if err != nil || !alive(string(pid)) {
			t.Fatalf("the child %q does not run: %v", pid, err)
		}
		if how == "crashes" {
			if _, err := p.Call(context.Background(), abi.Trace, []byte("end")); err == nil {
				t.Fatal("it has not crashed")
			}
		}
		p.Close()
		for end := time.Now().Add(5 * time.Second); alive(string(pid)); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("process %s outlives a plugin that %s", pid, how)
			}
		}
	}
}

// Some dozens of plugins started, called and closed, every second after a crash: no
// descriptor and no folder is left, and no process.
func TestStartingLeaksNothing(t *testing.T) {
	if _, missing := confine.Available(); missing != "" {
		t.Skip("skipped: " + missing)
	}
	t.Setenv("TMPDIR", t.TempDir())
	cycles := 40
	if testing.Short() {
		cycles = 10
	}
	cycle := func(n int) {
		for i := range n {
			name := []string{"answers", "crashes"}[i%2]
			cfg := config(t, name)
			cfg.Confine = &confine.Policy{Files: true}
			c, err := Start(context.Background(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Call(context.Background(), abi.Trace, nil); (err != nil) != (name == "crashes") {
				t.Fatal(err)
			}
			c.Close()
		}
	}
	count := func(folder string) int {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	counted := []string{"/proc/self/fd", os.TempDir()}
	cycle(2)
	before := make([]int, len(counted))
	for i, f := range counted {
		before[i] = count(f)
	}
	cycle(cycles)
	for i, f := range counted {
		got := count(f)
		for end := time.Now().Add(5 * time.Second); got > before[i] && time.Now().Before(end); got = count(f) {
			time.Sleep(10 * time.Millisecond) // connections close in the background
		}
		if got > before[i] {
			t.Errorf("%s has %d entries, %d before", f, got, before[i])
		}
	}
	tasks, _ := filepath.Glob("/proc/self/task/*/children")
	for _, task := range tasks {
		if children, _ := os.ReadFile(task); len(bytes.TrimSpace(children)) > 0 {
			t.Errorf("children are left: %s", children)
		}
	}
}
