//go:build !wasip1

package sdk

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/fwlab/fw/core/abi"
)

// service is the part of gRPC that a plugin needs: unary calls, each a path, a body of
// one message behind five bytes, and a status in the trailer
// (github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
type service struct {
	answer  func(abi.Method, []byte) ([]byte, error)
	turn    sync.Mutex // parameters are set per call, so calls take turns
	methods map[string]abi.Method
}

func newService(answer func(abi.Method, []byte) ([]byte, error)) *service {
	s := &service{answer: answer, methods: map[string]abi.Method{}}
	for _, m := range []abi.Method{abi.Describe, abi.Trace, abi.Crop, abi.Eval} {
		s.methods["/"+abi.Service+"/"+m.String()] = m
	}
	return s
}

// Codes of google.rpc.Code.
const (
	codeInvalidArgument = 3
	codeUnimplemented   = 12
)

// What go-plugin asks beside the plugin's own methods.
const (
	healthCheck = "/grpc.health.v1.Health/Check"
	shutdown    = "/plugin.GRPCController/Shutdown"
)

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/grpc")
	m, known := s.methods[r.URL.Path]
	switch {
	case r.URL.Path == shutdown:
		os.Exit(0)
	case r.URL.Path == healthCheck:
		reply(w, []byte{1 << 3, 1}) // status: SERVING
	case !known:
		status(w, codeUnimplemented, "no method "+r.URL.Path)
	default:
		request, err := message(r.Body)
		if err != nil {
			status(w, codeInvalidArgument, err.Error())
			return
		}
		out, err := s.call(m, request)
		if err != nil {
			status(w, codeInvalidArgument, err.Error())
			return
		}
		reply(w, out)
	}
}

// call answers in a goroutine of its own: a panic there ends the process with its
// trace, which net/http would keep to itself.
func (s *service) call(m abi.Method, request []byte) (out []byte, err error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	done := make(chan struct{})
	go func() {
		out, err = s.answer(m, request)
		close(done)
	}()
	<-done
	return out, err
}

// message is the one message of a body: a byte that says whether it is compressed,
// four with its length, and the message.
func message(body io.Reader) ([]byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(body, head[:]); err != nil {
		return nil, fmt.Errorf("grpc: a request without a message: %w", err)
	}
	n := binary.BigEndian.Uint32(head[1:])
	if head[0] != 0 || n > abi.MaxEval {
		return nil, fmt.Errorf("grpc: expected a plain message of at most %d bytes, found one of %d, compression %d", abi.MaxEval, n, head[0])
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(body, b); err != nil {
		return nil, fmt.Errorf("grpc: a message of %d bytes: %w", n, err)
	}
	return b, nil
}

func reply(w http.ResponseWriter, b []byte) {
	head := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(b)))
	_, _ = w.Write(head) // a host that is gone needs no answer
	_, _ = w.Write(b)
	status(w, 0, "")
}

// status ends an answer. Texts are percent-encoded but for printable ASCII.
func status(w http.ResponseWriter, code int, text string) {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c >= ' ' && c <= '~' && c != '%' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", fmt.Sprint(code))
	w.Header().Set(http.TrailerPrefix+"Grpc-Message", b.String())
}
