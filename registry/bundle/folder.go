package bundle

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/fwlab/fw/registry"
)

// documents are the beginnings of names of files that are packed beside the manifest
// and the artifacts; docsFolder is packed whole.
var documents = []string{"readme", "license", "licence", "copying", "notice", "changelog", "citation"}

const docsFolder = "docs"

// FromFolder makes the bundle of a plugin's folder: the manifest, the artifacts of
// every platform, licence and documents. Links that lead out of the folder are errors.
func FromFolder(dir string) (*Bundle, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	paths, err := packed(root)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	files, err := readFiles(root, paths)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	b, err := seal(files)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return b, nil
}

// Installed reads a folder that a bundle was unpacked to, whose hashes it has. A file
// that was added to it is an error as one that was changed.
func Installed(dir string) (*Bundle, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	paths, err := tree(root, ".")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	files, err := readFiles(root, paths)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	b, err := New(files)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return b, nil
}

// packed is the paths of what goes into a bundle.
func packed(root *os.Root) ([]string, error) {
	text, err := readFile(root, registry.ManifestName, maxText)
	if err != nil {
		return nil, err
	}
	m, err := registry.ParseManifest(registry.ManifestName, text)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{registry.ManifestName: true}
	paths := []string{registry.ManifestName}
	add := func(list ...string) {
		for _, p := range list {
			if !seen[p] {
				seen[p] = true
				paths = append(paths, p)
			}
		}
	}
	for _, a := range m.Artifacts {
		add(a.Path)
	}
	top, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, err
	}
	for _, e := range top {
		low := strings.ToLower(e.Name())
		switch {
		case e.IsDir() && low == docsFolder:
			docs, err := tree(root, e.Name())
			if err != nil {
				return nil, err
			}
			add(docs...)
		case !e.IsDir() && isDocument(low):
			add(e.Name())
		}
	}
	return paths, nil
}

func isDocument(low string) bool {
	for _, d := range documents {
		if strings.HasPrefix(low, d) {
			return true
		}
	}
	return false
}

// tree is the paths of all files below a folder.
func tree(root *os.Root, dir string) (paths []string, err error) {
	err = fs.WalkDir(root.FS(), dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			paths = append(paths, path.Clean(p))
		}
		if len(paths) > maxFiles {
			return fmt.Errorf("expected at most %d files, found more", maxFiles)
		}
		return err
	})
	return paths, err
}

func readFiles(root *os.Root, paths []string) (files []File, err error) {
	left := int64(maxSize)
	for _, p := range paths {
		data, err := readFile(root, p, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(data))
		files = append(files, File{p, data})
	}
	return files, nil
}

// readFile reads a regular file of at most limit bytes.
func readFile(root *os.Root, name string, limit int64) ([]byte, error) {
	info, err := root.Stat(name) // before opening, which a pipe would block
	if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: expected a file, found %s", name, info.Mode().Type())
	}
	if err != nil {
		return nil, err
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: expected at most %d bytes, found more", name, limit)
	}
	return data, nil
}
