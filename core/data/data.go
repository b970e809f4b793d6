// Package data owns datasets and decoding: images by position, with labels
// where there are any. What is made of the images is core/view's business.
// Start from [Open]; [Inspect] says what lies at a path.
package data

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
)

// Image is interleaved 8-bit pixels, row by row; C is 1 or 3.
type Image struct {
	Pix     []uint8
	H, W, C int
}

// Dataset gives images by position. Decode may be called from several
// goroutines; its error names the image.
type Dataset interface {
	Len() int
	Decode(i int) (Image, error)
	Label(i int) (label int, ok bool)
	ID(i int) string // for messages: a file name or a record
}

// Set is an opened dataset with its splits.
type Set struct {
	Name      string
	Train     Dataset // what the encoder learns from
	Probe     Dataset // what probes learn from: Train, unless that has no labels and another split has
	Test      Dataset // what probes are tested on; may be empty
	Classes   []string
	Channels  int
	Mean, Std []float64 // per channel, of the training split in [0,1]
}

// Options of Open, named as the keys of an experiment's [data]. Splits left
// empty are the set's usual ones.
type Options struct {
	Path                  string
	TrainSplit, TestSplit string
	Holdout               float64 // share for testing where a set has no test images
	Limit                 int     // training images; 0: all
	AllowPartial          bool    // take what is there of a set that is cut short
	EXIF                  bool    // turn photographs upright
	Count                 int     // of synthetic and shapes
	Size                  int     // of synthetic and shapes
	Classes, Channels     int     // of synthetic
	Seed                  uint64  // of shapes
}

// Names of the datasets.
const (
	FashionMNIST = "fashion-mnist"
	CIFAR10      = "cifar10"
	CIFAR100     = "cifar100"
	STL10        = "stl10"
	IDX          = "idx"
	Folder       = "folder"
	Tar          = "tar"
	Synthetic    = "synthetic"
	Shapes       = "shapes"
)

var openers = []struct {
	name string
	open func(Options) (*Set, error)
}{
	{FashionMNIST, openFashion},
	{CIFAR10, openCIFAR10},
	{CIFAR100, openCIFAR100},
	{STL10, openSTL10},
	{IDX, openIDX},
	{Folder, openFolder},
	{Tar, openTar},
	{Synthetic, openSynthetic},
	{Shapes, openShapes},
}

// Names is every dataset's name.
func Names() (names []string) {
	for _, o := range openers {
		names = append(names, o.name)
	}
	return names
}

// Open opens a dataset by name. Sizes are checked before anything is read into
// memory. The error names the file, what was expected, what was found and what to do.
func Open(name string, o Options) (*Set, error) {
	i := slices.Index(Names(), name)
	if i < 0 {
		hint := ""
		if n := schema.Nearest(name, Names()); n != "" {
			hint = fmt.Sprintf("; did you mean %q?", n)
		}
		return nil, fmt.Errorf("data: unknown dataset %q; known: %s%s", name, strings.Join(Names(), ", "), hint)
	}
	set, err := openers[i].open(o)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", name, err)
	}
	set.Name = name
	if set.Train.Len() == 0 {
		return nil, fmt.Errorf("data: %s: no images to train on in %s; check train_split and holdout", name, o.Path)
	}
	own := set.Probe != nil
	set.Train = limit(set.Train, o.Limit)
	if !own {
		set.Probe = set.Train
	}
	return set, nil
}

// Order is the keyed order in which an epoch visits n samples.
func Order(key rng.Key, epoch, n int) []int {
	s := key.FoldString("order").Fold(uint64(epoch)).Stream()
	return s.Perm(n)
}
