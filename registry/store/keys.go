package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fwlab/fw/registry/bundle"
	"github.com/fwlab/fw/registry/minisign"
)

const (
	keysDir   = "keys"
	pubSuffix = ".pub"
	keySuffix = ".key"
)

// Key is a key that the user knows, by a name of the user's.
type Key struct {
	Name   string
	Public minisign.PublicKey
	Secret bool // the user has the other half, and signs with it
}

// Keys is every known key, by name.
func (s *Store) Keys() ([]Key, error) {
	entries, err := os.ReadDir(filepath.Join(s.home, keysDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("keys: %w", err)
	}
	var list []Key
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), pubSuffix)
		if !ok {
			continue
		}
		text, err := os.ReadFile(s.key(name, pubSuffix))
		if err != nil {
			return nil, fmt.Errorf("keys: %w", err)
		}
		public, err := minisign.ParsePublicKey(text)
		if err != nil {
			return nil, fmt.Errorf("keys: %s: %w", s.key(name, pubSuffix), err)
		}
		_, err = os.Stat(s.key(name, keySuffix))
		list = append(list, Key{name, public, err == nil})
	}
	return list, nil
}

func (s *Store) key(name, suffix string) string { return filepath.Join(s.home, keysDir, name+suffix) }

// AddKey makes a key known, under a name that is not taken.
func (s *Store) AddKey(name string, public minisign.PublicKey) error {
	return s.locked(func() error { return s.addKey(name, public) })
}

func (s *Store) addKey(name string, public minisign.PublicKey) error {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_@.") != "" || strings.Trim(name, ".") == "" || len(name) > 100 {
		return fmt.Errorf("key: expected a name of letters, digits and \"-_@.\", found %q", name)
	}
	keys, err := s.Keys()
	if err != nil {
		return err
	}
	for _, k := range keys {
		if strings.EqualFold(k.Name, name) {
			return fmt.Errorf("key: %s is taken by key %s; another name, or remove that one with `fw plugin key remove %s`", name, k.Public.ID, k.Name)
		}
	}
	return s.write(filepath.Join(keysDir, name+pubSuffix), public.Encode())
}

// NewKey makes a key to sign with, hidden by a password unless that is "", and returns
// where its secret half lies.
func (s *Store) NewKey(name, password string) (minisign.PublicKey, string, error) {
	secret, err := minisign.NewKey(rand.Reader)
	if err != nil {
		return minisign.PublicKey{}, "", fmt.Errorf("key: %w", err)
	}
	text, err := secret.Encode(password, rand.Reader)
	if err != nil {
		return minisign.PublicKey{}, "", fmt.Errorf("key: %w", err)
	}
	path := s.key(name, keySuffix)
	return secret.Public(), path, s.locked(func() error {
		if err := s.addKey(name, secret.Public()); err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("key: %w", err)
		}
		_, err = f.Write(text)
		return errors.Join(err, f.Sync(), f.Close())
	})
}

// SecretKey opens a key of the user's; "" means the only one there is.
func (s *Store) SecretKey(name string, password func() (string, error)) (*minisign.SecretKey, error) {
	keys, err := s.Keys()
	if err != nil {
		return nil, err
	}
	var mine []string
	for _, k := range keys {
		if k.Secret {
			mine = append(mine, k.Name)
		}
	}
	switch {
	case len(mine) == 0:
		return nil, errors.New("key: there is none to sign with; `fw plugin key new NAME` makes one")
	case name == "" && len(mine) > 1:
		return nil, fmt.Errorf("key: say which, with --key: %s", strings.Join(mine, ", "))
	case name == "":
		name = mine[0]
	}
	text, err := os.ReadFile(s.key(name, keySuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("key: there is no secret key %q; there is %s", name, strings.Join(mine, ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	k, err := minisign.ParseSecretKey(text, password)
	if err != nil {
		return nil, fmt.Errorf("key: %s: %w", s.key(name, keySuffix), err)
	}
	return k, nil
}

// RemoveKey forgets a key, and its secret half if the user has it.
func (s *Store) RemoveKey(name string) error {
	return s.locked(func() error {
		keys, err := s.Keys()
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.Name == name {
				err := os.Remove(s.key(name, pubSuffix))
				if k.Secret {
					err = errors.Join(err, os.Remove(s.key(name, keySuffix)))
				}
				return err
			}
		}
		return fmt.Errorf("key: there is none named %q", name)
	})
}

// Signer is who signed a bundle.
type Signer struct {
	Signed bool
	ID     minisign.KeyID
	Name   string // of the key, "" if it is not known: then nothing was verified
}

// String is a word on the signature, for people.
func (s Signer) String() string {
	switch {
	case !s.Signed:
		return "unsigned"
	case s.Name == "":
		return "signed by an unknown key " + s.ID.String()
	}
	return "signed by " + s.Name
}

// Signer verifies the signature of a bundle. One that a known key did not make, though
// it says so, is an error.
func (s *Store) Signer(b *bundle.Bundle) (Signer, error) {
	if b.Signature == nil {
		return Signer{}, nil
	}
	keys, err := s.Keys()
	if err != nil {
		return Signer{}, err
	}
	who := Signer{Signed: true, ID: b.Signature.ID}
	var forged error
	for _, k := range keys {
		if k.Public.ID != b.Signature.ID {
			continue
		}
		err := k.Public.Verify(b.File(bundle.SumsName), b.Signature)
		if err == nil {
			who.Name = k.Name
			return who, nil
		}
		forged = fmt.Errorf("signature: plugin %q %s: %w: it says to be of key %s, which is %s's; do not use the file",
			b.Manifest.Info.ID, b.Manifest.Info.Version, err, k.Public.ID, k.Name)
	}
	return who, forged
}
