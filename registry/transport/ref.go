package transport

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/opencontainers/go-digest"
	orasref "oras.land/oras-go/v2/registry"

	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/registry/bundle"
)

// Ref says where a packed plugin is: exactly one of Path, URL and Repository is set.
type Ref struct {
	Path       string
	URL        string
	Repository string        // "host/path" of an OCI registry
	Tag        string        // in Repository; "" is the newest version
	Digest     digest.Digest // that the plugin must have, "" for any
}

const ociScheme = "oci://"

var pin = regexp.MustCompile(`@(sha256:[0-9a-f]+)$`)

// ParseRef reads a path, an https URL, or the name of a plugin in an OCI registry,
// HOST/PATH:VERSION, with oci:// before it or not; each may end in @sha256:DIGEST. What
// is there as a file is a path.
func ParseRef(s string) (r Ref, err error) {
	rest := s
	if m := pin.FindStringSubmatch(s); m != nil {
		r.Digest, rest = digest.Digest(m[1]), strings.TrimSuffix(s, m[0])
		if err := r.Digest.Validate(); err != nil {
			return r, fmt.Errorf("%s: expected 64 hexadecimal digits after sha256: %w", s, err)
		}
	}
	scheme, _, hasScheme := strings.Cut(rest, "://")
	_, statErr := os.Stat(rest)
	host, _, hasPath := strings.Cut(rest, "/")
	switch {
	case scheme == "https" || scheme == "http":
		r.URL = rest
		return r, nil
	case strings.HasPrefix(rest, ociScheme):
		err = r.parseOCI(strings.TrimPrefix(rest, ociScheme))
		return r, err
	case hasScheme:
		return r, fmt.Errorf("%s: expected a path, https:// or oci://, found %s://", s, scheme)
	case statErr == nil || experiment.IsPath(rest) || strings.HasSuffix(rest, bundle.Extension):
		r.Path = rest
		return r, nil
	case hasPath && (strings.ContainsAny(host, ".:") || host == "localhost"):
		err = r.parseOCI(rest)
		return r, err
	}
	return r, fmt.Errorf("%s: there is no such file, and it is no reference to a registry: expected a path, https://..., or HOST/PATH:VERSION", s)
}

func (r *Ref) parseOCI(s string) error {
	o, err := orasref.ParseReference(s)
	if err != nil {
		return fmt.Errorf("oci://%s: expected HOST/PATH:VERSION: %w", s, err)
	}
	r.Repository, r.Tag = o.Registry+"/"+o.Repository, o.Reference
	return nil
}

// String is the reference in full.
func (r Ref) String() string {
	s := r.Path + r.URL
	if r.Repository != "" {
		s = ociScheme + r.Repository
		if r.Tag != "" {
			s += ":" + r.Tag
		}
	}
	if r.Digest != "" {
		s += "@" + r.Digest.String()
	}
	return s
}

// loopback reports whether a host, with a port or not, is this machine.
func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// allowed refuses what would go over the network in the open.
func (r Ref) allowed(plain bool) error {
	host, open := "", false
	if r.Repository != "" {
		host, _, _ = strings.Cut(r.Repository, "/")
		open = plain
	} else if u, err := url.Parse(r.URL); err != nil {
		return err
	} else {
		host, open = u.Host, u.Scheme == "http"
		if open && !plain {
			return fmt.Errorf("%s: expected https://; --plain-http allows http:// for this machine", r)
		}
	}
	if open && !loopback(host) {
		return fmt.Errorf("%s: plain HTTP is for this machine (localhost, 127.0.0.1) alone; use https", r)
	}
	return nil
}
