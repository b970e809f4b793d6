//go:build !wasip1

package sdk

import (
	"context"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/abi/rawgrpc"
)

// Serve answers the host until it is gone. A plugin's main calls it last.
func (p *Plugin) Serve() { Serve(p) }

// Serve serves several plugins from one program.
func Serve(plugins ...*Plugin) {
	if os.Getenv(abi.CookieKey) != abi.CookieValue {
		os.Stderr.WriteString("this is a plugin of fw; name it in an experiment and start it by: fw run experiment.toml\n")
		os.Exit(1)
	}
	go dieWithParent()
	plugin.Serve(&plugin.ServeConfig{
		Logger:          hclog.NewNullLogger(),
		HandshakeConfig: plugin.HandshakeConfig{ProtocolVersion: abi.Version, MagicCookieKey: abi.CookieKey, MagicCookieValue: abi.CookieValue},
		Plugins:         plugin.PluginSet{"fw": service{handler: Handler(plugins...)}},
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts, grpc.ForceServerCodec(rawgrpc.Codec{}), grpc.MaxRecvMsgSize(abi.MaxEval), grpc.MaxSendMsgSize(abi.MaxEval))...)
		},
	})
}

// dieWithParent ends the process when its parent is another one: the host was killed.
func dieWithParent() {
	for parent := os.Getppid(); os.Getppid() == parent; {
		time.Sleep(time.Second)
	}
	os.Exit(1)
}

type service struct {
	plugin.NetRPCUnsupportedPlugin
	handler func(abi.Method, []byte) ([]byte, error)
}

func (s service) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	lock := make(chan struct{}, 1) // parameters are set per call, so calls take turns
	desc := grpc.ServiceDesc{ServiceName: abi.Service, HandlerType: (*any)(nil)}
	for _, m := range []abi.Method{abi.Describe, abi.Trace, abi.Crop, abi.Eval} {
		desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: m.String(),
			Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				var req rawgrpc.Bytes
				if err := decode(&req); err != nil {
					return nil, err
				}
				lock <- struct{}{}
				defer func() { <-lock }()
				reply, err := s.handler(m, req.B)
				if err != nil {
					return nil, status.Error(codes.InvalidArgument, err.Error())
				}
				return &rawgrpc.Bytes{B: reply}, nil
			}})
	}
	g.RegisterService(&desc, s)
	return nil
}

func (service) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}
