// Package data owns datasets and decoding: images by position, with labels
// where there are any. What is made of the images is core/view's business.
// Start from [Open].
package data

import (
	"fmt"
	"sort"
	"strings"

	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
)

// Image is interleaved 8-bit pixels, row by row; C is 1 or 3.
type Image struct {
	Pix     []uint8
	H, W, C int
}

// Dataset gives images by position. Decode may be called from several goroutines.
type Dataset interface {
	Len() int
	Decode(i int) (Image, error)
	Label(i int) (label int, ok bool)
	ID(i int) string // for messages: a file name or a record
}

// Set is an opened dataset with its splits.
type Set struct {
	Name        string
	Train, Test Dataset
	Classes     []string
	Channels    int
	Mean, Std   []float64 // per channel, of the training split in [0,1]
}

// Options of Open.
type Options struct {
	Path           string
	EXIF           bool // turn photographs upright
	AllowPartial   bool // accept record files that are shorter than the published ones
	Count, Classes int  // of synthetic
	Size, Channels int  // of synthetic
}

var openers = map[string]func(Options) (*Set, error){
	"fashion-mnist": openFashion,
	"cifar10":       openCIFAR10,
	"folder":        openFolder,
	"tar":           openFolder,
	"synthetic":     openSynthetic,
}

// Names is every dataset's name.
func Names() []string {
	var out []string
	for n := range openers {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// Open opens a dataset by name.
func Open(name string, o Options) (*Set, error) {
	open, ok := openers[name]
	if !ok {
		hint := ""
		if n := schema.Nearest(name, Names()); n != "" {
			hint = fmt.Sprintf("; did you mean %q?", n)
		}
		return nil, fmt.Errorf("data: unknown dataset %q; known: %s%s", name, strings.Join(Names(), ", "), hint)
	}
	set, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", name, err)
	}
	if set.Train.Len() == 0 {
		return nil, fmt.Errorf("data: %s: no images in %s", name, o.Path)
	}
	return set, nil
}

// Order is the keyed order in which an epoch visits n samples.
func Order(key rng.Key, epoch, n int) []int {
	s := key.FoldString("order").Fold(uint64(epoch)).Stream()
	return s.Perm(n)
}

// records is images of one size in memory.
type records struct {
	name    string
	pix     []uint8
	labels  []uint8
	h, w, c int
}

func (r *records) Len() int { return len(r.labels) }

func (r *records) Decode(i int) (Image, error) {
	n := r.h * r.w * r.c
	return Image{r.pix[i*n : (i+1)*n : (i+1)*n], r.h, r.w, r.c}, nil
}

func (r *records) Label(i int) (int, bool) { return int(r.labels[i]), true }
func (r *records) ID(i int) string         { return fmt.Sprintf("%s[%d]", r.name, i) }

func (r *records) part(name string, lo, hi int) *records {
	n := r.h * r.w * r.c
	return &records{name, r.pix[lo*n : hi*n], r.labels[lo:hi], r.h, r.w, r.c}
}

// First is the first n images of d; all of them for n = 0.
func First(d Dataset, n int) Dataset {
	if n <= 0 || n >= d.Len() {
		return d
	}
	return first{d, n}
}

type first struct {
	Dataset
	n int
}

func (f first) Len() int { return f.n }
