package process

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/abi/rawgrpc"
	"github.com/fwlab/fw/core/host/process/confine"
)

// The test binary is also every hostile plugin, as this variable names it.
const hostileKey = "FW_HOSTILE"

func TestMain(m *testing.M) {
	confine.Main()
	if name := os.Getenv(hostileKey); name != "" {
		hostile(name)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// hostile is the plugin process of that name.
func hostile(name string) {
	switch name {
	case "exits":
		os.Stderr.WriteString("no GPU here\n")
		os.Exit(3)
	case "prints garbage":
		os.Stdout.WriteString("hello\x1b[2J|world\n")
		time.Sleep(time.Hour)
	case "prints without end":
		for {
			os.Stdout.WriteString(strings.Repeat("x", 1<<16))
		}
	case "says nothing":
		time.Sleep(time.Hour)
	case "junk on the socket":
		junk()
	case "a reply that never ends":
		drip()
	case "hides":
		leaveSession()
		fmt.Println("hidden")
		time.Sleep(time.Hour)
	case "elsewhere":
		fmt.Printf("1|%d|tcp|127.0.0.1:80|grpc\n", abi.Version)
		time.Sleep(time.Hour)
	case "newer ABI":
		serve(abi.Version+1, nil)
	case "host":
		keepOne()
	default:
		serve(abi.Version, answers[name])
	}
}

// junk shakes hands, and then does not speak gRPC.
func junk() {
	answerRaw(func(c net.Conn) {
		_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\n\r\njunk"))
		c.Close()
	})
}

// drip shakes hands, and then answers with settings of HTTP/2, one after the other.
func drip() {
	answerRaw(func(c net.Conn) {
		for {
			if _, err := c.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0}); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
}

// answerRaw shakes hands and leaves each connection to a function.
func answerRaw(to func(net.Conn)) {
	l, err := net.Listen("unix", filepath.Join(os.Getenv(plugin.EnvUnixSocketDir), "s"))
	if err != nil {
		panic(err)
	}
	fmt.Printf("1|%d|unix|%s|grpc\n", abi.Version, l.Addr())
	for {
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		go to(c)
	}
}

var chatter sync.Once

// answers are what plugins that shake hands do with a call.
var answers = map[string]func(request []byte) ([]byte, error){
	"answers": func(request []byte) ([]byte, error) { return append([]byte("echo "), request...), nil },
	"chatters": func(request []byte) ([]byte, error) {
		chatter.Do(func() {
			go func() {
				for {
					os.NewFile(1, "stdout").WriteString("1|1|unix|/nowhere|grpc\n\x00garbage")
				}
			}()
		})
		return append([]byte("echo "), request...), nil
	},
	"hangs": func([]byte) ([]byte, error) {
		os.Stderr.WriteString("thinking\n")
		select {}
	},
	"crashes": func([]byte) ([]byte, error) {
		os.NewFile(2, "stderr").WriteString("last words\n") // os.Stderr passes through the connection, which breaks
		panic("out of my mind")
	},
	"crashes once": func([]byte) ([]byte, error) {
		f, err := os.OpenFile(os.Args[1], os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			f.Close()
			os.Exit(5)
		}
		return []byte("second"), nil
	},
	"crashes and leaves a child": func([]byte) ([]byte, error) {
		cmd := exec.Command(os.Args[0])
		cmd.Env, cmd.Stdout, cmd.Stderr = []string{hostileKey + "=says nothing"}, os.NewFile(1, "stdout"), os.NewFile(2, "stderr")
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		os.Exit(6)
		return nil, nil
	},
	"garbage":  func([]byte) ([]byte, error) { return []byte(strings.Repeat("\xff\x07garbage", 100)), nil },
	"too much": func([]byte) ([]byte, error) { return make([]byte, abi.MaxReply+1), nil },
	"far too much": func([]byte) ([]byte, error) {
		return make([]byte, abi.MaxEval+1), nil
	},
	"refuses": func([]byte) ([]byte, error) {
		return nil, status.Error(codes.InvalidArgument, "no such \x1b[31mloss")
	},
	"environment": func([]byte) ([]byte, error) { return []byte(strings.Join(os.Environ(), "\n")), nil },
}

// serve is a plugin without the SDK: nothing in it watches the host.
func serve(version uint, answer func([]byte) ([]byte, error)) {
	plugin.Serve(&plugin.ServeConfig{
		Logger:          hclog.NewNullLogger(),
		HandshakeConfig: plugin.HandshakeConfig{ProtocolVersion: version, MagicCookieKey: abi.CookieKey, MagicCookieValue: abi.CookieValue},
		Plugins:         plugin.PluginSet{"fw": service{answer: answer}},
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts, grpc.ForceServerCodec(rawgrpc.Codec{}), grpc.MaxSendMsgSize(2*abi.MaxEval))...)
		},
	})
}

type service struct {
	plugin.NetRPCUnsupportedPlugin
	answer func([]byte) ([]byte, error)
}

func (s service) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	desc := grpc.ServiceDesc{ServiceName: abi.Service, HandlerType: (*any)(nil)}
	for _, m := range []abi.Method{abi.Describe, abi.Trace} {
		desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: m.String(),
			Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				var req rawgrpc.Bytes
				if err := decode(&req); err != nil {
					return nil, err
				}
				reply, err := s.answer(req.B)
				return &rawgrpc.Bytes{B: reply}, err
			}})
	}
	g.RegisterService(&desc, s)
	return nil
}

func (service) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}
