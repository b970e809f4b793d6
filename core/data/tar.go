package data

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// maxArchive bounds the bytes of images of a gzipped archive, which are kept in memory.
const maxArchive = 4 << 30

// openTar reads a .tar or a gzipped one of JPEG and PNG files; see [layout].
// Nothing is unpacked: the files of a .tar are read where they are, those of a
// gzipped one are kept in memory.
func openTar(o Options) (*Set, error) {
	if info, err := os.Stat(o.Path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: expected an archive, found a folder; set dataset = %q", o.Path, Folder)
	}
	list, sidecars, err := readTar(o.Path, o.AllowPartial)
	if err != nil {
		return nil, err
	}
	return layout(list, sidecars, o)
}

func readTar(name string, partial bool) ([]file, map[string][]byte, error) {
	if info, err := os.Stat(name); err != nil {
		return nil, nil, err
	} else if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: expected an archive, found %s", name, info.Mode().Type())
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if info.Size() == 0 {
		return nil, nil, fmt.Errorf("%s: expected an archive, found an empty file", name)
	}
	list, sidecars, err := listTar(f, partial)
	if err != nil {
		return nil, nil, wrapPath(name, fmt.Errorf("%w (%d bytes in all)", err, info.Size()))
	}
	for i := range list {
		list[i].path = name
	}
	return list, sidecars, nil
}

// listTar finds the image files of an archive. Names cannot lead out of it, as
// nothing is written; links, folders and devices are left out. With partial, an
// archive that is cut short gives the files that are whole.
func listTar(f io.ReadSeeker, partial bool) (list []file, sidecars map[string][]byte, err error) {
	sidecars = map[string][]byte{}
	var r io.Reader = f
	in := bufio.NewReader(f)
	magic, _ := in.Peek(4)
	packed := bytes.HasPrefix(magic, []byte{0x1f, 0x8b})
	switch {
	case packed:
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, nil, err
		}
		r = z
	case string(magic) == "PK\x03\x04":
		return nil, nil, fmt.Errorf("expected a tar, found a zip; unpack it and set dataset = %q", Folder)
	default:
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, nil, err
		}
	}
	var seen noted
	t, total := tar.NewReader(r), int64(0)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if partial && len(list) > 0 {
				break
			}
			return nil, nil, fmt.Errorf("not a tar, or cut short, after %d images: %w; get it again", len(list), err)
		}
		below := path.Clean("/" + strings.ReplaceAll(h.Name, `\`, "/"))[1:]
		if h.Typeflag != tar.TypeReg || !isImage(below) && !isSidecar(below) {
			if h.Typeflag == tar.TypeReg {
				seen.other(below)
			}
			continue
		}
		if total += h.Size; h.Size > maxFile || packed && total > maxArchive {
			return nil, nil, fmt.Errorf("%s: expected at most %d bytes in a file and, gzipped, %d in all, found %d and %d; unpack it and set dataset = %q", below, maxFile, int64(maxArchive), h.Size, total, Folder)
		}
		entry := file{name: below, size: h.Size}
		if packed || isSidecar(below) || sparse(h) {
			entry.data, err = io.ReadAll(t)
		} else if entry.at, err = f.Seek(0, io.SeekCurrent); err == nil {
			err = reaches(f, entry.at+h.Size)
		}
		if err != nil {
			if partial && len(list) > 0 {
				break
			}
			return nil, nil, fmt.Errorf("%s: cut short: %w; get it again", below, err)
		}
		if isSidecar(below) {
			sidecars[below] = entry.data
			continue
		}
		list = append(list, entry)
	}
	if len(list) == 0 {
		return nil, nil, seen.none("the archive")
	}
	return list, sidecars, nil
}

// reaches says whether f has its first n bytes, and leaves it where it stands.
func reaches(f io.Seeker, n int64) error {
	here, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if size < n {
		return fmt.Errorf("expected %d bytes up to its end, found %d", n, size)
	}
	_, err = f.Seek(here, io.SeekStart)
	return err
}

// sparse files do not lie in the archive as they are.
func sparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}
