package data

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// openFolder reads a folder of JPEG and PNG files, at any depth; see [layout].
func openFolder(o Options) (*Set, error) {
	if err := pathIsFolder(o.Path, Folder); err != nil {
		if info, e := os.Stat(o.Path); e == nil && !info.IsDir() {
			return nil, fmt.Errorf("%w; or set dataset = %q for a tar of images", err, Tar)
		}
		return nil, err
	}
	list, sidecars, err := walkFolder(o.Path)
	if err != nil {
		return nil, err
	}
	return layout(list, sidecars, o)
}

// walkFolder lists the image files below root. Links are followed, but not back
// to a folder that they are in; what is neither file nor folder is left out.
func walkFolder(root string) (list []file, sidecars map[string][]byte, err error) {
	sidecars = map[string][]byte{}
	var seen noted
	var inside []fs.FileInfo // the folders from the root down to here
	var walk func(dir, name string) error
	walk = func(dir, name string) error {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		for _, above := range inside {
			if os.SameFile(above, info) {
				return nil
			}
		}
		inside = append(inside, info)
		defer func() { inside = inside[:len(inside)-1] }()
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			at, below := filepath.Join(dir, e.Name()), path.Join(name, e.Name())
			kind := e.Type()
			if kind&fs.ModeSymlink != 0 {
				if info, err := os.Stat(at); err == nil {
					kind = info.Mode().Type()
				} else {
					kind = 0 // leads nowhere; an image's name makes it an unreadable image
				}
			}
			switch {
			case kind.IsDir():
				if err := walk(at, below); err != nil {
					return err
				}
			case !kind.IsRegular():
			case isImage(below):
				list = append(list, file{name: below, path: at, size: -1})
			case isSidecar(below):
				f := file{path: at, size: -1}
				if sidecars[below], err = f.read(); err != nil {
					return fmt.Errorf("%s: %w", at, err)
				}
			default:
				seen.other(below)
			}
		}
		return nil
	}
	if err := walk(root, ""); err != nil {
		return nil, nil, err
	}
	if len(list) == 0 {
		return nil, nil, seen.none(root)
	}
	return list, sidecars, nil
}
