package minisign

import (
	"bytes"
	"crypto/ed25519"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/scrypt"
)

// SecretKey signs.
type SecretKey struct {
	id  KeyID
	key ed25519.PrivateKey
}

// NewKey makes a key of 40 random bytes.
func NewKey(random io.Reader) (*SecretKey, error) {
	k := &SecretKey{}
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, k.id[:]); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, err
	}
	k.key = ed25519.NewKeyFromSeed(seed)
	return k, nil
}

// Public is the key that verifies what k signs.
func (k *SecretKey) Public() PublicKey {
	p := PublicKey{ID: k.id}
	copy(p.Key[:], k.key.Public().(ed25519.PublicKey))
	return p
}

// Sign signs a message, and a comment with it, which must be one line.
func (k *SecretKey) Sign(message []byte, comment string) (*Signature, error) {
	if strings.ContainsAny(comment, "\r\n") {
		return nil, fmt.Errorf("sign: expected a comment of one line, found %q", comment)
	}
	sum := blake2b.Sum512(message)
	s := &Signature{ID: k.id, Prehashed: true, Untrusted: "signature from key " + k.id.String(), Trusted: comment}
	copy(s.Sig[:], ed25519.Sign(k.key, sum[:]))
	copy(s.CommentSig[:], ed25519.Sign(k.key, append(s.Sig[:], comment...)))
	return s, nil
}

// The parts of a secret key's payload: algorithm, key derivation, checksum, salt, its
// two limits, and what a password hides.
const (
	kdfNone    = "\x00\x00"
	kdfScrypt  = "Sc"
	sumBlake2b = "B2"
	saltSize   = 32
	headSize   = 6 + saltSize + 8 + 8
	hiddenSize = len(KeyID{}) + ed25519.PrivateKeySize + blake2b.Size256
)

// New keys cost half a second and 128 MiB to open (scrypt N = 2^17, r = 8, p = 1, the
// least that OWASP advises); the tool's own cost eight times that.
const (
	opsLimit = 1 << 22
	memLimit = 1 << 27
	maxOps   = 1 << 25 // the tool's, and the most that a file may ask of us
	maxMem   = 1 << 30
)

// ErrPassword means that a password does not open a secret key.
var ErrPassword = errors.New("secret key: the password does not open it")

// Encode is the text of a .key file, hidden by a password unless that is "".
func (k *SecretKey) Encode(password string, random io.Reader) ([]byte, error) {
	head, hidden := make([]byte, headSize), make([]byte, hiddenSize)
	copy(head, legacy+kdfNone+sumBlake2b)
	copy(hidden, k.id[:])
	copy(hidden[len(k.id):], k.key)
	if password != "" {
		copy(head[2:], kdfScrypt)
		salt := head[6:][:saltSize]
		if _, err := io.ReadFull(random, salt); err != nil {
			return nil, err
		}
		binary.LittleEndian.PutUint64(head[38:], opsLimit)
		binary.LittleEndian.PutUint64(head[46:], memLimit)
		copy(hidden[72:], checksum(hidden[:72]))
		if err := mask(hidden, password, salt, opsLimit, memLimit); err != nil {
			return nil, err
		}
	}
	return fmt.Appendf(nil, "%sminisign encrypted secret key\n%s\n", untrusted, base64.StdEncoding.EncodeToString(append(head, hidden...))), nil
}

// ParseSecretKey reads the text of a .key file. password is asked for only when one
// hides the key.
func ParseSecretKey(text []byte, password func() (string, error)) (*SecretKey, error) {
	raw, err := payload("secret key", text, headSize+hiddenSize)
	if err != nil {
		return nil, err
	}
	head, hidden := raw[:headSize], raw[headSize:]
	if alg, sum := string(head[:2]), string(head[4:6]); alg != legacy || sum != sumBlake2b {
		return nil, fmt.Errorf("secret key: expected algorithms %q and %q, found %q and %q", legacy, sumBlake2b, alg, sum)
	}
	switch kdf := string(head[2:4]); kdf {
	case kdfNone:
	case kdfScrypt:
		ops, mem := binary.LittleEndian.Uint64(head[38:]), binary.LittleEndian.Uint64(head[46:])
		if ops > maxOps || mem > maxMem {
			return nil, fmt.Errorf("secret key: expected limits of at most %d and %d, found %d and %d", maxOps, maxMem, ops, mem)
		}
		word, err := password()
		if err != nil {
			return nil, err
		}
		if err := mask(hidden, word, head[6:][:saltSize], ops, mem); err != nil {
			return nil, err
		}
		if subtle.ConstantTimeCompare(checksum(hidden[:72]), hidden[72:]) != 1 {
			return nil, ErrPassword
		}
	default:
		return nil, fmt.Errorf("secret key: expected key derivation %q or none, found %q", kdfScrypt, kdf)
	}
	k := &SecretKey{id: KeyID(hidden[:8]), key: ed25519.PrivateKey(hidden[8:72])}
	if !bytes.Equal(ed25519.NewKeyFromSeed(k.key.Seed()), k.key) {
		return nil, errors.New("secret key: its two halves are not of one key")
	}
	return k, nil
}

// checksum tells whether a password was right.
func checksum(idAndKey []byte) []byte {
	sum := blake2b.Sum256(append([]byte(legacy), idAndKey...))
	return sum[:]
}

// mask hides bytes by a password, or shows them again.
func mask(b []byte, password string, salt []byte, ops, mem uint64) error {
	n, r, p := scryptParams(ops, mem)
	stream, err := scrypt.Key([]byte(password), salt, n, r, p, len(b))
	if err != nil {
		return fmt.Errorf("secret key: %w", err)
	}
	subtle.XORBytes(b, b, stream)
	return nil
}

// scryptParams turns libsodium's limits into scrypt's parameters, as its pickparams
// does (crypto_pwhash_scryptsalsa208sha256.c).
func scryptParams(ops, mem uint64) (n, r, p int) {
	ops = max(ops, 1<<15)
	r = 8
	if ops < mem/32 {
		return powerAbove(ops / uint64(4*r) / 2), r, 1
	}
	n = powerAbove(mem / uint64(128*r) / 2)
	return n, r, max(1, int(min(ops/4/uint64(n), 0x3fffffff))/r)
}

// powerAbove is the least power of two, from 2 on, that is more than x.
func powerAbove(x uint64) int {
	n := 2
	for uint64(n) <= x {
		n *= 2
	}
	return n
}
