package minisign

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The files of testdata are the minisign tool's, version 0.11:
//
//	minisign -G -W -p plain.pub -s plain.key
//	minisign -G -p enc.pub -s enc.key              # password: secret
//	minisign -S -s plain.key -m message -t 'plugin mine/corner 0.3.0' -c 'a comment' -x prehashed.minisig
//	minisign -S -l -s plain.key -m message -t 'legacy one' -x legacy.minisig

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func noPassword() (string, error) { return "", errors.New("asked for a password") }

func TestReadsWhatTheToolWrote(t *testing.T) {
	pub, err := ParsePublicKey(file(t, "plain.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pub.Encode(), file(t, "plain.pub")) || pub.ID.String() != "D35770D0B48C864B" {
		t.Errorf("written again as %s", pub.Encode())
	}
	if again, err := ParsePublicKey([]byte(pub.String())); err != nil || again != pub {
		t.Errorf("the line alone: %v", err)
	}
	message := file(t, "message")
	for name, want := range map[string]Signature{
		"prehashed.minisig": {Prehashed: true, Trusted: "plugin mine/corner 0.3.0", Untrusted: "a comment"},
		"legacy.minisig":    {Trusted: "legacy one", Untrusted: "signature from minisign secret key"},
	} {
		s, err := ParseSignature(file(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if s.Prehashed != want.Prehashed || s.Trusted != want.Trusted || s.Untrusted != want.Untrusted || !bytes.Equal(s.Encode(), file(t, name)) {
			t.Errorf("%s: %+v", name, s)
		}
		if err := pub.Verify(message, s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := pub.Verify(append(message, '!'), s); !errors.Is(err, ErrForged) {
			t.Errorf("%s: another message gives %v", name, err)
		}
		s.Trusted += "!"
		if err := pub.Verify(message, s); !errors.Is(err, ErrForged) || !strings.Contains(err.Error(), "trusted comment") {
			t.Errorf("%s: another comment gives %v", name, err)
		}
	}
	other := pub
	other.ID[0]++
	s, _ := ParseSignature(file(t, "legacy.minisig"))
	if err := other.Verify(message, s); err == nil || errors.Is(err, ErrForged) {
		t.Errorf("another key gives %v", err)
	}
	k, err := ParseSecretKey(file(t, "plain.key"), noPassword)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := k.Encode("", nil); k.Public() != pub || err != nil || !bytes.Equal(text, file(t, "plain.key")) {
		t.Errorf("the secret key is written again as %s, %v", text, err)
	}
}

func TestOpensTheToolsEncryptedKey(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped with -short: the tool's key takes 1 GiB and seconds to open")
	}
	k, err := ParseSecretKey(file(t, "enc.key"), func() (string, error) { return "secret", nil })
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(k.Public().Encode(), file(t, "enc.pub")) {
		t.Errorf("another key: %s", k.Public())
	}
}

func TestPasswords(t *testing.T) {
	k, err := NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := k.Encode("open sesame", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseSecretKey(text, func() (string, error) { return "open sesame", nil })
	if err != nil || again.Public() != k.Public() {
		t.Errorf("%v", err)
	}
	if _, err := ParseSecretKey(text, func() (string, error) { return "", nil }); !errors.Is(err, ErrPassword) {
		t.Errorf("a wrong password gives %v", err)
	}
	if n, r, p := scryptParams(1<<25, 1<<30); n != 1<<20 || r != 8 || p != 1 {
		t.Errorf("the tool's limits are N=%d r=%d p=%d", n, r, p)
	}
	if n, r, p := scryptParams(opsLimit, memLimit); n != 1<<17 || r != 8 || p != 1 {
		t.Errorf("ours are N=%d r=%d p=%d", n, r, p)
	}
}

// The tool verifies ours, and opens our keys, with a password and without.
func TestTheToolReadsOurs(t *testing.T) {
	tool, err := exec.LookPath("minisign")
	if err != nil {
		t.Skip("skipped: no minisign on PATH (Debian: minisign)")
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(at(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(stdin string, args ...string) string {
		t.Helper()
		cmd := exec.Command(tool, args...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("minisign %q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	k, err := NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.Sign([]byte("words"), "plugin a/b 1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	write("m", []byte("words"))
	write("m.minisig", s.Encode())
	write("k.pub", k.Public().Encode())
	if out := run("", "-V", "-m", at("m"), "-p", at("k.pub")); !strings.Contains(out, "plugin a/b 1.0.0") {
		t.Errorf("verified without the comment: %s", out)
	}
	for _, password := range []string{"", "open sesame"} {
		text, err := k.Encode(password, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		write("k.key", text)
		run(password+"\n", "-S", "-s", at("k.key"), "-m", at("m"), "-x", at("theirs.minisig"))
		b, err := os.ReadFile(at("theirs.minisig"))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := ParseSignature(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Public().Verify([]byte("words"), theirs); err != nil {
			t.Errorf("password %q: %v", password, err)
		}
	}
}

func TestOneLineComments(t *testing.T) {
	k, _ := NewKey(rand.Reader)
	if _, err := k.Sign(nil, "a\ntrusted comment: b"); err == nil {
		t.Error("a comment of two lines is signed")
	}
}

// FuzzSignature: no bytes panic; what is accepted reads back equal.
func FuzzSignature(f *testing.F) {
	f.Add(file(f, "prehashed.minisig"))
	f.Add(file(f, "legacy.minisig"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseSignature(text)
		if err != nil {
			return
		}
		again, err := ParseSignature(s.Encode())
		if err != nil || *again != *s {
			t.Fatalf("wrote %q, read %+v, %v", s.Encode(), again, err)
		}
	})
}

// FuzzKeys: no bytes panic; what is accepted reads back equal.
func FuzzKeys(f *testing.F) {
	for _, name := range []string{"plain.pub", "plain.key", "enc.key"} {
		f.Add(file(f, name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if k, err := ParsePublicKey(text); err == nil {
			if again, err := ParsePublicKey(k.Encode()); err != nil || again != k {
				t.Fatalf("wrote %q, %v", k.Encode(), err)
			}
		}
		k, err := ParseSecretKey(text, noPassword)
		if err != nil {
			return
		}
		b, err := k.Encode("", nil)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseSecretKey(b, noPassword); err != nil || again.Public() != k.Public() {
			t.Fatalf("wrote %q, %v", b, err)
		}
	})
}
