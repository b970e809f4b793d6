//go:build !wasip1

package sdk

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/fwlab/fw/core/abi"
)

// Serve answers the host until it is gone. A plugin's main calls it last.
func (p *Plugin) Serve() { Serve(p) }

// Serve serves several plugins from one program: hashicorp/go-plugin's protocol over
// gRPC, by what the standard library has, so that a plugin needs no other module.
func Serve(plugins ...*Plugin) {
	if os.Getenv(abi.CookieKey) != abi.CookieValue {
		os.Stderr.WriteString("this is a plugin of fw; name it in an experiment and start it by: fw run experiment.toml\n")
		os.Exit(1)
	}
	go dieWithParent()
	l, err := net.Listen("unix", filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "plugin.sock"))
	if err != nil {
		fatal(err)
	}
	const handshake = 1 // version of go-plugin's own
	fmt.Printf("%d|%d|%s|%s|grpc\n", handshake, abi.Version, l.Addr().Network(), l.Addr())
	os.Stdout = os.Stderr // nobody reads what else a plugin prints

	server := http.Server{Handler: newService(Handler(plugins...)), Protocols: new(http.Protocols),
		HTTP2: &http.HTTP2Config{MaxReadFrameSize: 1 << 20, MaxReceiveBufferPerStream: 16 << 20, MaxReceiveBufferPerConnection: 16 << 20}}
	server.Protocols.SetUnencryptedHTTP2(true)
	fatal(server.Serve(l))
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "plugin:", err)
	os.Exit(1)
}

// dieWithParent ends the process when its parent is another one: the host was killed.
func dieWithParent() {
	for parent := os.Getppid(); os.Getppid() == parent; {
		time.Sleep(time.Second)
	}
	os.Exit(1)
}
