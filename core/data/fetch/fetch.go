// Package fetch owns getting public datasets: what they are, from where, how
// large and with which hash; downloads that go on where they were cut; checked
// files unpacked into a folder that is there whole or not at all. It draws
// nothing and knows no format of images. Start from [Get].
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/fwlab/fw/core/rundir/atomicfile"
)

// Options of Get.
type Options struct {
	Dir      string                               // where the set's folder is put
	From     string                               // a folder or a URL that has the files, in place of the official address
	Keep     bool                                 // keep the archives that were downloaded
	Progress func(file string, done, total int64) // bytes of a file; may be nil
	Client   *http.Client                         // nil: one that waits 30 s for an answer
	Wait     time.Duration                        // before the second try, doubled for each next; 0: 1 s
}

// Result is where a set lies.
type Result struct {
	Path    string // its folder
	Already bool   // it was there before
}

// Get brings a set into a folder of its own below o.Dir, which appears when
// everything has been checked and unpacked. A download that was cut stays in a
// .part file beside and goes on from there; one with another hash is taken away.
func Get(ctx context.Context, s *Set, o Options) (Result, error) {
	r := Result{Path: filepath.Join(o.Dir, s.Folder)}
	if _, err := os.Stat(r.Path); err == nil {
		r.Already = true
		return r, nil
	}
	if err := get(ctx, s, o, r.Path); err != nil {
		return Result{}, fmt.Errorf("data get: %s: %w", s.Name, err)
	}
	return r, nil
}

func get(ctx context.Context, s *Set, o Options, target string) (err error) {
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	if o.Wait == 0 {
		o.Wait = time.Second
	}
	if o.Client == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.ResponseHeaderTimeout = 30 * time.Second
		o.Client = &http.Client{Transport: t}
	}
	if err := os.MkdirAll(o.Dir, 0o777); err != nil {
		return err
	}
	staging := filepath.Join(o.Dir, "."+s.Folder+".unpacking")
	if err := os.RemoveAll(staging); err != nil { // of one that was killed
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(staging)) }()
	var downloaded []string
	for i := range s.Files {
		f := &s.Files[i]
		archive, fresh, err := o.archive(ctx, f)
		if err != nil {
			return err
		}
		if fresh {
			downloaded = append(downloaded, archive)
		}
		into := staging
		if singleFile(f.Name()) { // which has no folder of its own
			into = filepath.Join(staging, s.Folder)
		}
		if err := unpack(ctx, archive, into, f.Unpacked); err != nil {
			return fmt.Errorf("%s: %w", archive, err)
		}
	}
	if err := os.Rename(filepath.Join(staging, s.Folder), target); err != nil {
		return fmt.Errorf("expected the folder %s in the archive: %w", s.Folder, err)
	}
	if err := atomicfile.SyncDir(o.Dir); err != nil {
		return err
	}
	if !o.Keep {
		for _, archive := range downloaded {
			err = errors.Join(err, os.Remove(archive))
		}
	}
	return err
}

// archive is the checked file on disk; fresh if it was downloaded just now.
func (o *Options) archive(ctx context.Context, f *File) (name string, fresh bool, err error) {
	from := f.URL
	switch {
	case strings.HasPrefix(o.From, "http://"), strings.HasPrefix(o.From, "https://"):
		from = strings.TrimSuffix(o.From, "/") + "/" + f.Name()
	case o.From != "":
		name = filepath.Join(o.From, f.Name())
		return name, false, f.check(name)
	}
	name = filepath.Join(o.Dir, f.Name())
	err = f.check(name)
	if errors.Is(err, fs.ErrNotExist) {
		return name, true, o.download(ctx, from, name, f)
	}
	if err != nil {
		err = fmt.Errorf("%w; move it away to get it again", err)
	}
	return name, false, err
}

// Name is the file's name.
func (f *File) Name() string { return path.Base(f.URL) }
