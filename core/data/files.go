package data

import (
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// maxFile bounds the bytes of an image file.
const maxFile = 64 << 20

// file is an image file: whole, in an archive, or in memory.
type file struct {
	name string // slash-separated, below the root
	path string // on disk: the file, or the archive that has it
	at   int64  // where in the archive
	size int64  // in the archive; -1 for a file of its own
	data []byte // in memory, if not nil
}

func (f *file) read() ([]byte, error) {
	if f.data != nil {
		return f.data, nil
	}
	if f.size < 0 { // looked at before it is opened: a pipe would wait for ever
		if info, err := os.Stat(f.path); err != nil {
			return nil, err
		} else if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("expected a file, found %s", info.Mode().Type())
		}
	}
	in, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	size := f.size
	if size < 0 {
		info, err := in.Stat()
		if err != nil {
			return nil, err
		}
		size = info.Size()
	}
	if size > maxFile {
		return nil, fmt.Errorf("expected at most %d bytes, found %d", maxFile, size)
	}
	b := make([]byte, size)
	if n, err := in.ReadAt(b, f.at); err != nil && !(err == io.EOF && int64(n) == size) {
		return nil, fmt.Errorf("expected %d bytes, found %d: %w", size, n, err)
	}
	return b, nil
}

// files is images that are files.
type files struct {
	list   []file
	labels []int       // -1 for none
	boxes  []*pixelBox // nil where there is none
	exif   bool
}

func (f *files) Len() int                { return len(f.list) }
func (f *files) Label(i int) (int, bool) { return f.labels[i], f.labels[i] >= 0 }
func (f *files) ID(i int) string         { return f.list[i].name }

func (f *files) Decode(i int) (Image, error) {
	b, err := f.list[i].read()
	if err != nil {
		return Image{}, fmt.Errorf("data: %s: %w", f.list[i].name, err)
	}
	img, err := Decode(b, f.exif)
	if err != nil {
		return Image{}, fmt.Errorf("data: %s: %w", f.list[i].name, err)
	}
	return img, nil
}

// Objects is the object whose box a file beside the image says, if that lies in the
// image. It decodes the image, to whose size the box belongs.
func (f *files) Objects(i int) []Object {
	b := f.boxes[i]
	if b == nil {
		return nil
	}
	img, err := f.Decode(i)
	if err != nil {
		return nil
	}
	if o, ok := b.object(f.labels[i], img.H, img.W); ok {
		return []Object{o}
	}
	return nil
}

func isImage(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".png":
		return !strings.HasPrefix(path.Base(name), ".")
	}
	return false
}

// noted is what is met while a folder or an archive is listed, for messages.
type noted struct {
	others   int      // files that are no images
	archives []string // among them
}

func (n *noted) other(name string) {
	n.others++
	for _, ext := range []string{".tar", ".tar.gz", ".tgz", ".zip"} {
		if strings.HasSuffix(strings.ToLower(name), ext) {
			n.archives = append(n.archives, name)
			return
		}
	}
}

// none says that there are no images, and what there is.
func (n *noted) none(root string) error {
	switch {
	case len(n.archives) > 0:
		return fmt.Errorf("%s: no .jpg, .jpeg or .png files, but %d archives, such as %s; archives within are not read: unpack it", root, len(n.archives), n.archives[0])
	case n.others > 0:
		return fmt.Errorf("%s: no .jpg, .jpeg or .png files among %d files", root, n.others)
	}
	return fmt.Errorf("%s: empty; expected .jpg, .jpeg or .png files", root)
}
