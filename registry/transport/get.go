package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/fwlab/fw/registry/bundle"
)

// Options of Get, Push and Versions.
type Options struct {
	Downloads string                               // folder where what was cut is kept
	PlainHTTP bool                                 // for registries and servers on this machine
	Progress  func(name string, done, total int64) // bytes; may be nil
	Wait      time.Duration                        // before the second try, doubled for each next; 0: 1 s
}

func (o Options) filled() Options {
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	if o.Wait == 0 {
		o.Wait = time.Second
	}
	return o
}

// Get brings a packed plugin and returns where exactly it was: with its version and its
// digest. A transfer that was cut goes on where it stopped, also in the next call.
func Get(ctx context.Context, r Ref, o Options) (im *bundle.Image, b *bundle.Bundle, at Ref, err error) {
	o = o.filled()
	switch {
	case r.Path != "":
		im, b, err = fromFile(r.Path)
	case r.URL != "":
		im, b, err = o.fromURL(ctx, r)
	default:
		im, b, r.Tag, err = o.fromRegistry(ctx, r)
	}
	if err != nil {
		return nil, nil, r, fmt.Errorf("get %s: %w", r, shown(err))
	}
	if got := im.Root.Digest; r.Digest != "" && got != r.Digest {
		return nil, nil, r, fmt.Errorf("get %s: the plugin there has digest %s, another than was asked for", r, got)
	}
	r.Digest = im.Root.Digest
	return im, b, r, nil
}

func fromFile(path string) (*bundle.Image, *bundle.Bundle, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errors.New("expected a packed plugin, found a folder or a device; `fw plugin pack` packs a folder")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return bundle.ReadTar(f)
}

// fromURL downloads a packed file.
func (o Options) fromURL(ctx context.Context, r Ref) (*bundle.Image, *bundle.Bundle, error) {
	if err := r.allowed(o.PlainHTTP); err != nil {
		return nil, nil, err
	}
	p, err := o.openPart(r.URL)
	if err != nil {
		return nil, nil, err
	}
	defer p.Close()
	client := httpClient(o.PlainHTTP)
	etag := ""
	err = o.download(ctx, p, -1, func(ctx context.Context, from int64) (io.ReadCloser, int64, int64, error) {
		if etag == "" {
			from = 0 // what an earlier run left may be of another file
		}
		return rangeOf(ctx, client, r.URL, from, &etag)
	})
	if err != nil {
		return nil, nil, err
	}
	if _, err := p.Seek(0, io.SeekStart); err != nil {
		return nil, nil, err
	}
	defer removePart(p.Name())
	return bundle.ReadTar(p)
}

// rangeOf asks for a URL's bytes from one on, as long as it is the same file. The answer
// says where it begins, and how large the whole is, -1 if it does not say.
func rangeOf(ctx context.Context, client *http.Client, url string, from int64, etag *string) (body io.ReadCloser, at, size int64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, 0, 0, finalError{err}
	}
	req.Header.Set("Accept-Encoding", "identity") // the hashes are of the bytes as they are
	if from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
		req.Header.Set("If-Range", *etag)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, 0, 0, err
	}
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		*etag = resp.Header.Get("ETag")
		return resp.Body, 0, resp.ContentLength, nil
	case code == http.StatusPartialContent && from > 0:
		var first, last, whole int64
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &whole); err == nil && first == from {
			return resp.Body, from, whole, nil
		}
		err = finalError{fmt.Errorf("expected the range from %d, found %q", from, resp.Header.Get("Content-Range"))}
	case code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout:
		err = errors.New(resp.Status)
	default:
		err = finalError{errors.New(resp.Status)}
	}
	return nil, 0, 0, errors.Join(err, resp.Body.Close())
}

// httpClient follows redirects to https, and to plain HTTP only on this machine when
// that was asked for.
func httpClient(plain bool) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = stall
	return &http.Client{Transport: t, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) >= 10 {
			return errors.New("more than 10 redirects")
		}
		if req.URL.Scheme != "https" && !(plain && loopback(req.URL.Host)) {
			return fmt.Errorf("redirected to %s, in the open", req.URL.Redacted())
		}
		return nil
	}}
}
