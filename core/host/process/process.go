// Package process owns the process carrier: native plugins over gRPC on a unix
// socket in a private folder (hashicorp/go-plugin). Start from [Start].
package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/abi/rawgrpc"
	"github.com/fwlab/fw/core/host"
)

// Config says what to start.
type Config struct {
	Path   string
	Args   []string
	Env    []string // beside the handshake; the host's own environment does not pass
	SHA256 string   // of the file at Path, hexadecimal; "" skips the check (the host's own executable)
}

// Timeout of one call.
const Timeout = 2 * time.Minute

type client struct {
	c      *plugin.Client
	conn   *grpc.ClientConn
	dir    string
	stderr *tail
	done   chan struct{}
	once   sync.Once
}

// Start checks the file's hash and starts it. The process dies with the host.
func Start(ctx context.Context, cfg Config) (host.Caller, error) {
	if cfg.SHA256 != "" {
		if err := checkHash(cfg.Path, cfg.SHA256); err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp("", "fw-plugin-") // 0700
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	p := &client{dir: dir, stderr: &tail{}, done: make(chan struct{})}
	cmd := exec.Command(cfg.Path, cfg.Args...)
	cmd.Env = cfg.Env
	dieWithHost(cmd)
	p.c = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  plugin.HandshakeConfig{ProtocolVersion: abi.Version, MagicCookieKey: abi.CookieKey, MagicCookieValue: abi.CookieValue},
		Plugins:          plugin.PluginSet{"fw": grpcPlugin{}},
		Cmd:              cmd,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		SkipHostEnv:      true,
		StartTimeout:     20 * time.Second,
		Stderr:           p.stderr,
		SyncStdout:       io.Discard,
		SyncStderr:       p.stderr,
		Logger:           hclog.NewNullLogger(),
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: dir},
		GRPCDialOptions:  []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(abi.MaxEval), grpc.MaxCallSendMsgSize(abi.MaxEval))},
	})
	started := make(chan error, 1)
	go func() {
		// The kernel's parent-death signal follows the thread that started the
		// process, so that thread is kept until the process is gone.
		runtime.LockOSThread()
		started <- p.connect()
		<-p.done
	}()
	if err := <-started; err != nil {
		p.Close()
		return nil, &host.Error{Kind: host.NotLoaded, Err: fmt.Errorf("process: %s: %w", cfg.Path, err), Stderr: p.stderr.String()}
	}
	return p, nil
}

func (p *client) connect() error {
	rpc, err := p.c.Client()
	if err != nil {
		return err
	}
	raw, err := rpc.Dispense("fw")
	if err != nil {
		return err
	}
	p.conn = raw.(*grpc.ClientConn)
	return nil
}

func checkHash(path, want string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("process: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("process: %s: %w", path, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); !strings.EqualFold(got, want) {
		return fmt.Errorf("process: %s: expected sha256 %s, found %s; install the plugin again if the change is meant", path, want, got)
	}
	return nil
}

// Call sends the request's bytes and returns the reply's.
func (p *client) Call(ctx context.Context, m abi.Method, request []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	var reply rawgrpc.Bytes
	err := p.conn.Invoke(ctx, "/"+abi.Service+"/"+m.String(), &rawgrpc.Bytes{B: request}, &reply, grpc.ForceCodec(rawgrpc.Codec{}))
	if err == nil {
		limit := abi.MaxReply
		if m == abi.Eval {
			limit = abi.MaxEval
		}
		if len(reply.B) > limit {
			return nil, &host.Error{Kind: host.BadReply, Err: fmt.Errorf("expected at most %d bytes, found %d", limit, len(reply.B))}
		}
		return reply.B, nil
	}
	st := status.Convert(err)
	kind := host.Refused
	switch st.Code() {
	case codes.Unavailable, codes.Internal, codes.Canceled:
		kind = host.Crashed
	case codes.DeadlineExceeded:
		kind = host.TimedOut
	case codes.ResourceExhausted:
		kind = host.BadReply
	}
	e := &host.Error{Kind: kind, Err: errors.New(st.Message())}
	if kind != host.Refused {
		e.Stderr = p.stderr.String()
	}
	return nil, e
}

// Close stops the process and removes its folder.
func (p *client) Close() error {
	p.once.Do(func() {
		p.c.Kill()
		close(p.done)
		os.RemoveAll(p.dir)
	})
	return nil
}

type grpcPlugin struct{ plugin.NetRPCUnsupportedPlugin }

func (grpcPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("process: the host serves no plugin")
}

func (grpcPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

// tail keeps the last words of a process.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if n := len(t.b) - 4096; n > 0 {
		t.b = t.b[n:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.b), "?")
}
