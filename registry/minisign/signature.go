package minisign

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
)

// trusted begins the third line of a signature.
const trusted = "trusted comment: "

// Signature is a .minisig file.
type Signature struct {
	ID         KeyID
	Prehashed  bool // of the message's BLAKE2b-512, as the tool does since version 0.8
	Sig        [ed25519.SignatureSize]byte
	Untrusted  string // anyone may change it
	Trusted    string // signed together with Sig by CommentSig
	CommentSig [ed25519.SignatureSize]byte
}

// ParseSignature reads the text of a .minisig file.
func ParseSignature(text []byte) (*Signature, error) {
	if len(text) > MaxText {
		return nil, fmt.Errorf("signature: more than %d bytes", MaxText)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\r\n"), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], untrusted) || !strings.HasPrefix(lines[2], trusted) {
		return nil, fmt.Errorf("signature: expected an untrusted comment, a signature, a trusted comment and its signature, found %d lines", len(lines))
	}
	s := &Signature{
		Untrusted: strings.TrimRight(lines[0][len(untrusted):], "\r"),
		Trusted:   strings.TrimRight(lines[2][len(trusted):], "\r"),
	}
	raw, err := line("signature", lines[1], len(legacy)+len(s.ID)+len(s.Sig))
	if err != nil {
		return nil, err
	}
	switch alg := string(raw[:2]); alg {
	case legacy:
	case prehashed:
		s.Prehashed = true
	default:
		return nil, fmt.Errorf("signature: expected algorithm %q or %q, found %q", legacy, prehashed, alg)
	}
	copy(s.ID[:], raw[2:])
	copy(s.Sig[:], raw[10:])
	if raw, err = line("signature of the trusted comment", lines[3], len(s.CommentSig)); err != nil {
		return nil, err
	}
	copy(s.CommentSig[:], raw)
	return s, nil
}

// Encode is the text of a .minisig file.
func (s *Signature) Encode() []byte {
	alg := legacy
	if s.Prehashed {
		alg = prehashed
	}
	b64 := base64.StdEncoding.EncodeToString
	sig := b64(bytes.Join([][]byte{[]byte(alg), s.ID[:], s.Sig[:]}, nil))
	return fmt.Appendf(nil, "%s%s\n%s\n%s%s\n%s\n", untrusted, s.Untrusted, sig, trusted, s.Trusted, b64(s.CommentSig[:]))
}
