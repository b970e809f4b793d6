// Package registrytest starts a real OCI registry for tests, the distribution project's
// (https://github.com/distribution/distribution), on a port of this machine. Start from
// [Start].
package registrytest

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// Server is a registry that a test started.
type Server struct {
	Host    string // 127.0.0.1:port
	Storage string // its folder
}

// Start starts a registry, open to all where user is "". The test is skipped where there
// is no program for it.
func Start(t *testing.T, user, password string) *Server {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Skip("skipped: no docker-registry on PATH (Debian: docker-registry)")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{l.Addr().String(), t.TempDir()}
	l.Close()
	config := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: %q}\nhttp: {addr: %q}\n", s.Storage, s.Host)
	dir := t.TempDir()
	if user != "" {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		users := filepath.Join(dir, "htpasswd")
		write(t, users, []byte(user+":"+string(hash)+"\n"))
		config += fmt.Sprintf("auth:\n  htpasswd: {realm: test, path: %q}\n", users)
	}
	write(t, filepath.Join(dir, "config.yml"), []byte(config))
	var log bytes.Buffer
	cmd := exec.Command(program, "serve", filepath.Join(dir, "config.yml"))
	cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://" + s.Host + "/v2/")
		if err == nil {
			resp.Body.Close()
			return s
		}
		if time.Now().After(end) {
			_ = cmd.Process.Kill()
			t.Fatalf("the registry does not answer: %v\n%s", err, log.String())
		}
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}
