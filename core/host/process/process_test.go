package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	plugin "github.com/hashicorp/go-plugin"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/host"
)

// config starts the hostile plugin of that name.
func config(t *testing.T, name string) Config {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Config{Path: self, Env: []string{hostileKey + "=" + name}, StartTimeout: 5 * time.Second, CallTimeout: 20 * time.Second}
}

func start(t *testing.T, cfg Config) *process {
	t.Helper()
	c, err := Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*process)
}

// What cannot be started says why, with the process's own words.
func TestHostileStarts(t *testing.T) {
	for _, c := range []struct {
		name string
		want []string
	}{
		{"exits", []string{"no GPU here"}},
		{"prints garbage", []string{"hello?[2J|world"}},
		{"prints without end", nil},
		{"says nothing", []string{"timeout"}},
		{"elsewhere", []string{"expected a unix socket in ", "found tcp 127.0.0.1:80"}},
		{"newer ABI", []string{"speaks another ABI than this host's 1", "build it again"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, c.name)
			if c.name == "says nothing" {
				cfg.StartTimeout = 200 * time.Millisecond
			}
			p, err := Start(context.Background(), cfg)
			if err == nil {
				p.Close()
				t.Fatal("it started")
			}
			var e *host.Error
			if !errors.As(err, &e) || e.Kind != host.NotLoaded || !strings.Contains(err.Error(), cfg.Path) {
				t.Errorf("expected %s and the path, found %v", host.NotLoaded, err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("expected %q in %v", want, err)
				}
			}
		})
	}
}

// A call that goes wrong says how, and leaves no process that hangs or has crashed.
func TestHostileCalls(t *testing.T) {
	for _, c := range []struct {
		name string
		kind host.Kind
		want []string
		gone bool
	}{
		{"hangs", host.TimedOut, []string{"no answer after 300ms", "thinking"}, true},
		{"crashes", host.Crashed, []string{"last words", "out of my mind"}, true},
		{"crashes and leaves a child", host.Crashed, nil, true},
		{"junk on the socket", host.Crashed, nil, true},
		{"a reply that never ends", host.TimedOut, []string{"no answer after 300ms"}, true},
		{"too much", host.BadReply, []string{"expected at most 16777216 bytes, found 16777217"}, false},
		{"far too much", host.BadReply, []string{"larger than max"}, false},
		{"refuses", host.Refused, []string{"no such ?[31mloss"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, c.name)
			if c.kind == host.TimedOut {
				cfg.CallTimeout = 300 * time.Millisecond
			}
			p := start(t, cfg)
			_, err := p.Call(context.Background(), abi.Trace, []byte("x"))
			var e *host.Error
			if !errors.As(err, &e) || e.Kind != c.kind {
				t.Fatalf("expected %s, found %v", c.kind, err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("expected %q in %v", want, err)
				}
			}
			if p.c.Exited() != c.gone {
				t.Errorf("the process has ended: %v, expected %v", !c.gone, c.gone)
			}
		})
	}
}

// Bytes that are no message are an error of the typed side.
func TestGarbageIsNoMessage(t *testing.T) {
	cfg := config(t, "garbage")
	p := host.New("garbage", func(ctx context.Context) (host.Caller, error) { return Start(ctx, cfg) })
	defer p.Close()
	if _, err := client.Describe(context.Background(), p); err == nil || !strings.Contains(err.Error(), `plugin "garbage": Describe: `) {
		t.Errorf("got %v", err)
	}
}

func TestACrashedProcessIsStartedAfresh(t *testing.T) {
	cfg := config(t, "crashes once")
	cfg.Args = []string{filepath.Join(t.TempDir(), "crashed")}
	starts := 0
	p := host.New("x", func(ctx context.Context) (host.Caller, error) { starts++; return Start(ctx, cfg) })
	defer p.Close()
	reply, err := p.Call(context.Background(), abi.Trace, nil)
	if err != nil || string(reply) != "second" || starts != 2 {
		t.Errorf("got %q, %v after %d starts", reply, err, starts)
	}
}

// The caller's giving up is not the plugin's failure: it stays.
func TestACancelledCallLeavesTheProcess(t *testing.T) {
	p := start(t, config(t, "hangs"))
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := p.Call(ctx, abi.Trace, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if p.c.Exited() {
		t.Error("the process has ended")
	}
}

// A process gets the handshake and nothing else of the host's environment, and its
// socket lies in a folder that others cannot enter, which Close removes.
func TestSurroundings(t *testing.T) {
	t.Setenv("FW_SECRET", "token")
	p := start(t, config(t, "environment"))
	reply, err := p.Call(context.Background(), abi.Describe, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(reply); strings.Contains(s, "FW_SECRET") || strings.Contains(s, "HOME=") || !strings.Contains(s, plugin.EnvUnixSocketDir+"="+p.dir) {
		t.Errorf("its environment is\n%s", s)
	}
	if addr := p.c.ReattachConfig().Addr; addr.Network() == "unix" && filepath.Dir(addr.String()) != p.dir {
		t.Errorf("its socket is %s, not in %s", addr, p.dir)
	}
	if info, err := os.Stat(p.dir); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
	p.Close()
	if _, err := os.Stat(p.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	if !p.c.Exited() {
		t.Error("the process is still there")
	}
}

// The file is compared with its hash at every start.
func TestHash(t *testing.T) {
	cfg := config(t, "answers")
	b, err := os.ReadFile(cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	cfg.SHA256 = hex.EncodeToString(sum[:])
	p := start(t, cfg)
	if reply, err := p.Call(context.Background(), abi.Trace, []byte("x")); err != nil || string(reply) != "echo x" {
		t.Errorf("got %q, %v", reply, err)
	}
	right := cfg.SHA256
	cfg.SHA256 = strings.Repeat("0", 64)
	if _, err := Start(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), "expected sha256 "+cfg.SHA256+", found "+right) {
		t.Errorf("a wrong hash gives %v", err)
	}
}

// What a plugin prints once it has shaken hands goes nowhere and holds nothing up.
func TestChatter(t *testing.T) {
	p := start(t, config(t, "chatters"))
	for range 50 {
		if reply, err := p.Call(context.Background(), abi.Trace, []byte("x")); err != nil || string(reply) != "echo x" {
			t.Fatalf("got %q, %v", reply, err)
		}
	}
}
