// Package process owns the process carrier: native plugins over gRPC on a unix
// socket in a private folder (hashicorp/go-plugin). Start from [Start].
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/process/confine"
)

// Config says what to start.
type Config struct {
	Path         string
	Args         []string
	Env          []string      // beside the handshake; the host's own environment does not pass
	SHA256       string        // of the file at Path, hexadecimal; "" skips the check (the host's own executable)
	StartTimeout time.Duration // 0 is 20 seconds
	CallTimeout  time.Duration // 0 is two minutes
	// Confine says what it may do beyond computing, where the system can keep it from
	// the rest. nil is the host's own rights. The host's main calls [confine.Main] first.
	Confine *confine.Policy
}

// grace is how long a process has to end by itself.
const grace = 2 * time.Second

type process struct {
	c       *plugin.Client
	cmd     *exec.Cmd
	conn    *grpc.ClientConn
	timeout time.Duration // of one call
	dir     string
	stderr  *tail
	done    chan struct{}
	once    sync.Once
}

// Start checks the file's hash, starts the file that it opened, and checks it again.
// The process dies with the host.
func Start(ctx context.Context, cfg Config) (host.Caller, error) {
	var file *verified
	if cfg.SHA256 != "" {
		var err error
		if file, err = openVerified(cfg.Path, cfg.SHA256); err != nil {
			return nil, err
		}
		defer file.Close()
	}
	cmd := command(cfg, file)
	dir, err := os.MkdirTemp("", "fw-plugin-") // 0700
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	p := newProcess(cfg, cmd, dir)
	started := make(chan error, 1)
	go func() {
		// The kernel's parent-death signal follows the thread that started the
		// process, so that thread is kept until the process is gone.
		runtime.LockOSThread()
		started <- p.connect()
		<-p.done
	}()
	err = <-started
	if err == nil && file != nil {
		err = file.again()
	}
	if err != nil {
		p.stop(0)
		return nil, &host.Error{Kind: host.NotLoaded, Err: fmt.Errorf("process: %s: %w", cfg.Path, err), Stderr: p.stderr.String()}
	}
	return p, nil
}

// command starts the file, confined if that is asked for and can be had.
func command(cfg Config, file *verified) *exec.Cmd {
	able, _ := confine.Available()
	switch {
	case cfg.Confine != nil && able:
		open := file != nil && !file.script
		cmd := exec.Command("/proc/self/exe", cfg.Confine.Args(cfg.Path, open, cfg.Args)...)
		if open {
			cmd.ExtraFiles = []*os.File{file.File}
		}
		return cmd
	case file != nil:
		return file.command(cfg.Args...)
	}
	return exec.Command(cfg.Path, cfg.Args...)
}

func newProcess(cfg Config, cmd *exec.Cmd, dir string) *process {
	p := &process{cmd: cmd, timeout: cfg.CallTimeout, dir: dir, stderr: &tail{}, done: make(chan struct{})}
	if p.timeout == 0 {
		p.timeout = 2 * time.Minute
	}
	if cfg.StartTimeout == 0 {
		cfg.StartTimeout = 20 * time.Second
	}
	p.cmd.Env = append([]string{plugin.EnvUnixSocketDir + "=" + dir, "TMPDIR=" + dir}, cfg.Env...)
	alone(p.cmd)
	p.c = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  plugin.HandshakeConfig{ProtocolVersion: abi.Version, MagicCookieKey: abi.CookieKey, MagicCookieValue: abi.CookieValue},
		Plugins:          plugin.PluginSet{"fw": grpcPlugin{}},
		Cmd:              p.cmd,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		SkipHostEnv:      true,
		StartTimeout:     cfg.StartTimeout,
		Stderr:           p.stderr,
		SyncStdout:       io.Discard,
		SyncStderr:       p.stderr,
		Logger:           hclog.NewNullLogger(),
		GRPCDialOptions:  []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(abi.MaxEval), grpc.MaxCallSendMsgSize(abi.MaxEval))},
	})
	return p
}

func (p *process) connect() error {
	at, err := p.c.Start()
	if err == nil {
		err = p.within(at)
	}
	var rpc plugin.ClientProtocol
	if err == nil {
		rpc, err = p.c.Client()
	}
	if err != nil {
		if strings.Contains(err.Error(), "incompatible API version") {
			return fmt.Errorf("it speaks another ABI than this host's %d: build it again with this fw's SDK, or use the fw that it was built for: %w", abi.Version, err)
		}
		return err
	}
	raw, err := rpc.Dispense("fw")
	if err != nil {
		return err
	}
	p.conn = raw.(*grpc.ClientConn)
	return nil
}

// within refuses an address that is no socket in the process's folder: the host does
// not connect for a plugin to what the plugin may not reach.
func (p *process) within(at net.Addr) error {
	if runtime.GOOS == "windows" || at.Network() == "unix" && filepath.Dir(at.String()) == p.dir {
		return nil
	}
	return fmt.Errorf("expected a unix socket in %s, found %s %s", p.dir, at.Network(), at)
}

// Close stops the process and removes its folder.
func (p *process) Close() error {
	p.stop(grace)
	return nil
}

// stop ends the process, which may do so by itself within a time. It returns soon
// whatever the process does: its own children may hold its pipes open.
func (p *process) stop(within time.Duration) {
	p.once.Do(func() {
		defer os.RemoveAll(p.dir)
		defer close(p.done)
		ended := make(chan struct{})
		end := func() { p.c.Kill(); close(ended) }
		if within > 0 {
			go end()
			select {
			case <-ended:
			case <-time.After(within):
			}
		}
		if p.cmd.Process != nil { // what it started may be there though it is gone
			kill(p.cmd.Process)
		}
		if within == 0 {
			go end()
		}
		select {
		case <-ended:
		case <-time.After(grace):
		}
	})
}

type grpcPlugin struct{ plugin.NetRPCUnsupportedPlugin }

func (grpcPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("process: the host serves no plugin")
}

func (grpcPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

var _ host.Caller = (*process)(nil)
