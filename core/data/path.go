package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// mark is a file by which the folder of a set is known.
var mark = map[string]string{
	CIFAR10:  cifar10.train[0],
	CIFAR100: cifar100.train[0],
	STL10:    "train_X.bin",
}

// pathIsFolder says what lies at path where the folder of a dataset was
// expected, and where the files are if they are near.
func pathIsFolder(path, dataset string) error {
	expected := "expected a folder"
	if m := mark[dataset]; m != "" {
		expected = "expected the folder that has " + m
	}
	info, err := os.Stat(path)
	switch {
	case path == "":
		return fmt.Errorf("no path; %s", expected)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w; %s; %s", err, expected, tryGet(dataset))
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s: %s, found a file of %d bytes; an archive has to be unpacked first", path, expected, info.Size())
	}
	m := mark[dataset]
	if m == "" || exists(filepath.Join(path, m)) {
		return nil
	}
	if below, _ := filepath.Glob(filepath.Join(globbed(path), "*", m)); len(below) > 0 {
		return fmt.Errorf("%s: %s; it lies deeper, set path = %q", path, expected, filepath.ToSlash(filepath.Dir(below[0])))
	}
	if python := strings.TrimSuffix(m, ".bin"); exists(filepath.Join(path, python)) {
		return fmt.Errorf("%s: %s, found %s, which is Python's version; %s", path, expected, python, tryGet(dataset))
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// globbed is path as a pattern for itself.
func globbed(path string) string {
	if os.PathSeparator == '\\' {
		return path // no escapes there
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// tryGet is the cure for files that are not there.
func tryGet(dataset string) string {
	switch dataset {
	case Folder, Tar, IDX:
		return "fw data info PATH says what lies at a path"
	}
	return "fw data get " + dataset + " brings them"
}

// wrapPath names the file, unless err does.
func wrapPath(path string, err error) error {
	if strings.Contains(err.Error(), path) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}
