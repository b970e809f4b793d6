// Package rawgrpc owns the gRPC codec that passes plugin messages through as
// bytes and leaves other messages (go-plugin's own) to protobuf.
package rawgrpc

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

// Bytes is a message already encoded.
type Bytes struct{ B []byte }

// Codec speaks protobuf's wire format.
type Codec struct{}

// Name is protobuf's, so that any protobuf peer understands.
func (Codec) Name() string { return "proto" }

// Marshal passes Bytes through.
func (Codec) Marshal(v any) ([]byte, error) {
	switch m := v.(type) {
	case *Bytes:
		return m.B, nil
	case proto.Message:
		return proto.Marshal(m)
	}
	return nil, fmt.Errorf("rawgrpc: cannot encode %T", v)
}

// Unmarshal copies into Bytes.
func (Codec) Unmarshal(data []byte, v any) error {
	switch m := v.(type) {
	case *Bytes:
		m.B = append([]byte(nil), data...)
		return nil
	case proto.Message:
		return proto.Unmarshal(data, m)
	}
	return fmt.Errorf("rawgrpc: cannot decode %T", v)
}
