package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fwlab/fw/core/rundir/atomicfile"
)

const (
	tries = 5                // in a row without a byte
	stall = 60 * time.Second // without a byte, then the connection is given up
)

// errFinal is an answer that another try will not change.
var errFinal = errors.New("")

func final(format string, args ...any) error {
	return fmt.Errorf("%w%s", errFinal, fmt.Sprintf(format, args...))
}

// download brings url to name by way of a .part file beside it, which stays
// when the download is cut, and goes when its hash is wrong.
func (o *Options) download(ctx context.Context, url, name string, f *File) error {
	part := name + ".part"
	for try := 1; ; try++ {
		before := sizeOf(part)
		err := o.rest(ctx, url, part, f)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w; %s keeps what has come: the same command goes on from there", ctx.Err(), part)
		}
		if sizeOf(part) > before {
			try = 1
		}
		if _, disk := errors.AsType[*fs.PathError](err); disk {
			return fmt.Errorf("%w; what has come is kept", err)
		}
		if errors.Is(err, errFinal) || try == tries {
			return fmt.Errorf("%s: %w; --from takes a folder or an address that has %s", url, err, f.Name())
		}
		select {
		case <-time.After(o.Wait << (try - 1)):
		case <-ctx.Done():
		}
	}
	if err := f.check(part); err != nil {
		return errors.Join(fmt.Errorf("%s: %w; it is taken away", url, err), os.Remove(part))
	}
	if err := os.Rename(part, name); err != nil {
		return err
	}
	return atomicfile.SyncDir(filepath.Dir(name))
}

// rest asks for what part lacks and appends it.
func (o *Options) rest(ctx context.Context, url, part string, f *File) error {
	have := sizeOf(part)
	if have == f.Size {
		return nil
	}
	if have > f.Size {
		have = 0
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return final("%v", err)
	}
	req.Header.Set("Accept-Encoding", "identity") // the hash is of the bytes as they are
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	resp, err := o.Client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK: // from the beginning, also where a part was asked for
		have = 0
		if n := resp.ContentLength; n >= 0 && n != f.Size {
			return final("expected %d bytes, the server has %d: another file", f.Size, n)
		}
	case http.StatusPartialContent:
		if want := fmt.Sprintf("bytes %d-%d/", have, f.Size-1); !strings.HasPrefix(resp.Header.Get("Content-Range"), want) {
			return final("expected the range %s%d, found %q: another file", want, f.Size, resp.Header.Get("Content-Range"))
		}
	case http.StatusRequestedRangeNotSatisfiable:
		if err := os.Remove(part); err != nil {
			return err
		}
		return fmt.Errorf("the server has less than the %d bytes that are here", have)
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return errors.New(resp.Status)
	default:
		if resp.StatusCode >= 500 {
			return errors.New(resp.Status)
		}
		return final("%s", resp.Status)
	}
	return o.append(part, have, f, &watched{resp.Body, time.AfterFunc(stall, cancel)})
}

// append writes body into part from byte have on.
func (o *Options) append(part string, have int64, f *File, body io.Reader) (err error) {
	out, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Sync(), out.Close()) }()
	if err := out.Truncate(have); err != nil {
		return err
	}
	if _, err := out.Seek(have, io.SeekStart); err != nil {
		return err
	}
	buf := make([]byte, 128<<10)
	for have < f.Size {
		n, err := body.Read(buf[:min(int64(len(buf)), f.Size-have)])
		if _, err := out.Write(buf[:n]); err != nil {
			return err
		}
		have += int64(n)
		o.Progress(f.Name(), have, f.Size)
		if err != nil && have < f.Size {
			return fmt.Errorf("cut after %d of %d bytes: %w", have, f.Size, err)
		}
	}
	return nil
}

// watched puts off its timer with each read.
type watched struct {
	r io.Reader
	t *time.Timer
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	w.t.Reset(stall)
	return n, err
}

// sizeOf is 0 for a file that is not there.
func sizeOf(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return info.Size()
}
