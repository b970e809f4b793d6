package process

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// verified is an open file whose bytes have the hash that was asked for. What is
// started is that open file, where the system can: a file put in its place since is not.
type verified struct {
	*os.File
	path, sha256 string
	script       bool // its interpreter opens the path itself
}

// openVerified opens a file and checks its hash.
func openVerified(path, sha256 string) (*verified, error) {
	info, err := os.Stat(path) // before opening, which a pipe would block
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("process: %s: expected a file, found %s", path, info.Mode().Type())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	v := &verified{File: f, path: path, sha256: sha256}
	head := make([]byte, 2)
	_, _ = f.ReadAt(head, 0) // a shorter file is no script
	v.script = bytes.Equal(head, []byte("#!"))
	if err := v.check(f); err != nil {
		f.Close()
		return nil, err
	}
	return v, nil
}

// command is the command that starts the open file.
func (v *verified) command(args ...string) *exec.Cmd {
	cmd := exec.Command(v.path, args...)
	if !v.script {
		if at, ok := openPath(v.File); ok {
			cmd.Path, cmd.Err = at, nil
		}
	}
	return cmd
}

// again checks the hash once more, when the file runs: no byte was changed in place
// before the system closed it to writers. Of a script, that is the file of its path.
func (v *verified) again() error {
	if !v.script {
		return v.check(v.File)
	}
	f, err := os.Open(v.path)
	if err != nil {
		return fmt.Errorf("process: %w", err)
	}
	defer f.Close()
	return v.check(f)
}

func (v *verified) check(f *os.File) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("process: %s: %w", v.path, err)
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("process: %s: %w", v.path, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); !strings.EqualFold(got, v.sha256) {
		return fmt.Errorf("process: %s: expected sha256 %s, found %s; install the plugin again if the change is meant", v.path, v.sha256, got)
	}
	return nil
}
