package minisign

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/blake2b"
)

// The algorithms as the files write them.
const (
	legacy    = "Ed" // of the message itself; also that of every key
	prehashed = "ED" // of the message's BLAKE2b-512
)

// MaxText bounds the text of a key or a signature, in bytes. The tool writes
// comments of at most 8 KiB.
const MaxText = 16 << 10

// KeyID names a key. It is no secret, and not bound to the key by cryptography.
type KeyID [8]byte

// String is the ID as the tool prints it.
func (id KeyID) String() string { return fmt.Sprintf("%016X", binary.LittleEndian.Uint64(id[:])) }

// PublicKey verifies what a secret key signed.
type PublicKey struct {
	ID  KeyID
	Key [ed25519.PublicKeySize]byte
}

// ParsePublicKey reads the text of a .pub file, or its second line alone.
func ParsePublicKey(text []byte) (k PublicKey, err error) {
	raw, err := payload("public key", text, len(legacy)+len(k.ID)+len(k.Key))
	if err != nil {
		return k, err
	}
	if alg := string(raw[:2]); alg != legacy {
		return k, fmt.Errorf("public key: expected algorithm %q, found %q", legacy, alg)
	}
	copy(k.ID[:], raw[2:])
	copy(k.Key[:], raw[10:])
	return k, nil
}

// String is the key in one line, as the tool's option -P takes it.
func (k PublicKey) String() string {
	return base64.StdEncoding.EncodeToString(bytes.Join([][]byte{[]byte(legacy), k.ID[:], k.Key[:]}, nil))
}

// Encode is the text of a .pub file.
func (k PublicKey) Encode() []byte {
	return fmt.Appendf(nil, "%sminisign public key %s\n%s\n", untrusted, k.ID, k)
}

// ErrForged means that a key did not make a signature of these bytes.
var ErrForged = errors.New("the signature does not fit")

// Verify checks a signature of a message and of its trusted comment. The error is
// [ErrForged] or says that another key signed.
func (k PublicKey) Verify(message []byte, s *Signature) error {
	if s.ID != k.ID {
		return fmt.Errorf("expected a signature of key %s, found one of key %s", k.ID, s.ID)
	}
	if s.Prehashed {
		sum := blake2b.Sum512(message)
		message = sum[:]
	}
	if !ed25519.Verify(k.Key[:], message, s.Sig[:]) {
		return ErrForged
	}
	if !ed25519.Verify(k.Key[:], append(s.Sig[:], s.Trusted...), s.CommentSig[:]) {
		return fmt.Errorf("its trusted comment: %w", ErrForged)
	}
	return nil
}

// untrusted begins the first line of every file.
const untrusted = "untrusted comment: "

// payload is the bytes of a text that is one comment and one line of base64; the
// comment may be absent.
func payload(what string, text []byte, size int) ([]byte, error) {
	if len(text) > MaxText {
		return nil, fmt.Errorf("%s: more than %d bytes", what, MaxText)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\r\n"), "\n")
	if strings.HasPrefix(lines[0], untrusted) {
		lines = lines[1:]
	}
	if len(lines) != 1 {
		return nil, fmt.Errorf("%s: expected a comment and a line of base64, found %d lines", what, len(lines)+1)
	}
	return line(what, lines[0], size)
}

// line is the bytes of one line of base64.
func line(what, s string, size int) ([]byte, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimRight(s, "\r"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if len(raw) != size {
		return nil, fmt.Errorf("%s: expected %d bytes of base64, found %d", what, size, len(raw))
	}
	return raw, nil
}
