package process

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/abi/rawgrpc"
	"github.com/fwlab/fw/core/host"
)

// kinds says what a call's status means; others are the plugin's own refusal.
var kinds = map[codes.Code]host.Kind{
	codes.Unavailable:       host.Crashed,
	codes.Canceled:          host.Crashed,
	codes.Internal:          host.Crashed,
	codes.DeadlineExceeded:  host.TimedOut,
	codes.ResourceExhausted: host.BadReply,
	codes.Unimplemented:     host.BadReply,
}

// Call sends the request's bytes and returns the reply's. A process that does not
// answer in time, or breaks the connection, is killed.
func (p *process) Call(ctx context.Context, m abi.Method, request []byte) ([]byte, error) {
	timed, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var reply rawgrpc.Bytes
	err := p.conn.Invoke(timed, "/"+abi.Service+"/"+m.String(), &rawgrpc.Bytes{B: request}, &reply, grpc.ForceCodec(rawgrpc.Codec{}))
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
	if ctx.Err() != nil { // the caller has given up, the plugin has not failed
		return nil, ctx.Err()
	}
	if st.Code() == codes.DeadlineExceeded && sameDeadline(ctx, timed) { // the other side's clock was first
		return nil, context.DeadlineExceeded
	}
	e := &host.Error{Kind: host.Refused, Err: errors.New(st.Message())}
	if kind, ok := kinds[st.Code()]; ok {
		e.Kind = kind
	}
	switch e.Kind {
	case host.TimedOut:
		e.Err = fmt.Errorf("no answer after %v, the process is stopped", p.timeout)
		p.stop(0)
	case host.Crashed:
		p.stop(0) // after which its last words are complete
	}
	if e.Kind != host.Refused {
		e.Stderr = p.stderr.String()
	}
	return nil, e
}

// sameDeadline reports whether it is the caller's deadline that ends the call.
func sameDeadline(ctx, timed context.Context) bool {
	caller, has := ctx.Deadline()
	ours, _ := timed.Deadline()
	return has && caller.Equal(ours)
}
