package transport

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/fwlab/fw/core/rundir/filelock"
)

const (
	tries  = 5                // in a row without a byte
	stall  = 60 * time.Second // without a byte, then the connection is given up
	maxGet = 600 << 20        // bytes of one transfer
)

// finalError is one that another try will not change.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

// shownError is an error in which a server's words do not drive the terminal.
type shownError struct{ error }

func shown(err error) error { return shownError{err} }

func (e shownError) Unwrap() error { return e.error }

func (e shownError) Error() string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return '?'
		}
		return r
	}, e.error.Error())
}

// part is a file of what has come of a transfer, held by this process alone.
type part struct{ *os.File }

// openPart opens what is here of a thing, by a name that is the thing's alone.
func (o Options) openPart(name string) (part, error) {
	sum := sha256.Sum256([]byte(name))
	f, err := os.OpenFile(filepath.Join(o.Downloads, hex.EncodeToString(sum[:16])+".part"), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return part{}, err
	}
	if err := filelock.Wait(f); err != nil {
		return part{}, errors.Join(err, f.Close())
	}
	return part{f}, nil
}

// removePart takes a file away once it is of no more use. Another process may have it
// open, which then goes on with what it has.
func removePart(name string) {
	_ = os.Remove(name) // at worst it is found complete the next time
}

// opener begins a transfer from a byte on; it says where the answer begins, and how many
// bytes the whole has, -1 if that is not known.
type opener func(ctx context.Context, from int64) (body io.ReadCloser, at, size int64, err error)

// download fills p. size is that of the whole, -1 if the server is to say it. Each try
// goes on where the last one stopped.
func (o Options) download(ctx context.Context, p part, size int64, open opener) error {
	for try := 1; ; try++ {
		info, err := p.Stat()
		if err != nil {
			return err
		}
		before := info.Size()
		if size >= 0 && before > size {
			before = 0
		}
		if before == size {
			return nil
		}
		got, err := o.rest(ctx, p, before, size, open)
		switch _, final := errors.AsType[finalError](err); {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%w; the same command goes on after %d bytes", ctx.Err(), got)
		case final:
			return err
		case got > before:
			try = 1
		case try == tries:
			return fmt.Errorf("%w; given up after %d tries, the same command goes on after %d bytes", err, tries, got)
		}
		select {
		case <-time.After(o.Wait << (try - 1)):
		case <-ctx.Done():
		}
	}
}

// rest appends what comes from byte have on; it returns how much is there then.
func (o Options) rest(ctx context.Context, p part, have, size int64, open opener) (int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	body, at, whole, err := open(ctx, have)
	if err != nil {
		return have, err
	}
	defer body.Close()
	if size < 0 {
		size = whole
	}
	if size > maxGet {
		return have, finalError{fmt.Errorf("expected at most %d bytes, found %d", maxGet, size)}
	}
	if err := p.Truncate(at); err != nil {
		return have, finalError{err}
	}
	if _, err := p.Seek(at, io.SeekStart); err != nil {
		return have, finalError{err}
	}
	timer := time.AfterFunc(stall, cancel)
	defer timer.Stop()
	buf := make([]byte, 128<<10)
	for at < size || size < 0 {
		n, err := body.Read(buf)
		timer.Reset(stall)
		if at+int64(n) > maxGet || size >= 0 && at+int64(n) > size {
			return at, finalError{fmt.Errorf("more bytes came than the %d that were expected", size)}
		}
		if _, err := p.Write(buf[:n]); err != nil {
			return at, finalError{err}
		}
		at += int64(n)
		o.Progress("plugin", at, size)
		if errors.Is(err, io.EOF) && (size < 0 || at == size) {
			break
		}
		if err != nil {
			return at, fmt.Errorf("cut after %d bytes: %w", at, err)
		}
	}
	return at, nil
}
