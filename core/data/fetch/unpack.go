package fetch

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxEntries bounds the files and folders of an archive.
const maxEntries = 1 << 20

// singleFile reports whether an archive is one packed file.
func singleFile(name string) bool {
	return strings.HasSuffix(name, ".gz") && !strings.HasSuffix(name, ".tar.gz")
}

// unpack writes the files of a .tar.gz, .tgz, .zip or .gz below the folder into,
// at most limit bytes of them. Names that lead out, links and devices are errors.
// The files are not synced one by one: the archive is there until all are written.
func unpack(ctx context.Context, archive, into string, limit int64) error {
	if err := os.MkdirAll(into, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(into)
	if err != nil {
		return err
	}
	defer root.Close()
	u := &unpacker{ctx: ctx, root: root, left: limit, limit: limit}
	in, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer in.Close()
	switch name := filepath.Base(archive); {
	case strings.HasSuffix(name, ".zip"):
		info, err := in.Stat()
		if err != nil {
			return err
		}
		return u.zip(in, info.Size())
	case singleFile(name):
		z, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("gzip: %w", err)
		}
		return u.file(strings.TrimSuffix(name, ".gz"), z)
	case strings.HasSuffix(name, ".tar.gz"), strings.HasSuffix(name, ".tgz"):
		z, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("gzip: %w", err)
		}
		return u.tar(z)
	default:
		return fmt.Errorf("expected a .tar.gz, .tgz, .zip or .gz")
	}
}

type unpacker struct {
	ctx         context.Context
	root        *os.Root
	left, limit int64
	entries     int
}

func (u *unpacker) tar(r io.Reader) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = u.folder(h.Name)
		case tar.TypeReg:
			err = u.file(h.Name, t)
		case tar.TypeXGlobalHeader:
		default:
			err = fmt.Errorf("%q: expected a file or a folder, found type %q", h.Name, h.Typeflag)
		}
		if err != nil {
			return err
		}
	}
}

func (u *unpacker) zip(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	for _, f := range z.File {
		switch mode := f.Mode(); {
		case mode.IsDir():
			err = u.folder(f.Name)
		case mode.IsRegular():
			err = u.zipped(f)
		default:
			err = fmt.Errorf("%q: expected a file or a folder, found %s", f.Name, mode.Type())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacker) zipped(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("%q: %w", f.Name, err)
	}
	return errors.Join(u.file(f.Name, r), r.Close())
}

// local is an entry's name on this system, if it stays inside.
func (u *unpacker) local(name string) (string, error) {
	if u.entries++; u.entries > maxEntries {
		return "", fmt.Errorf("more than %d files", maxEntries)
	}
	if err := u.ctx.Err(); err != nil {
		return "", err
	}
	local, err := filepath.Localize(strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/"))
	if err != nil || strings.Contains(name, `\`) {
		return "", fmt.Errorf("%q: a name that leads out of the archive", name)
	}
	return local, nil
}

func (u *unpacker) folder(name string) error {
	if strings.Trim(name, "./") == "" && !strings.Contains(name, "..") {
		return nil // the top
	}
	local, err := u.local(name)
	if err != nil {
		return err
	}
	return u.root.MkdirAll(local, 0o777)
}

func (u *unpacker) file(name string, r io.Reader) error {
	local, err := u.local(name)
	if err != nil {
		return err
	}
	if err := u.root.MkdirAll(filepath.Dir(local), 0o777); err != nil {
		return err
	}
	out, err := u.root.OpenFile(local, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%q: there twice", name)
	}
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(r, u.left+1))
	if u.left -= n; err == nil && u.left < 0 {
		err = fmt.Errorf("more than %d bytes unpacked", u.limit)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	return nil
}
