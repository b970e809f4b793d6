package data

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx"
)

// Info is what lies at a path.
type Info struct {
	Dataset    string      `json:"dataset"` // its name in [data]
	Path       string      `json:"path"`
	Splits     []SplitInfo `json:"splits"`
	Classes    []ClassInfo `json:"classes"`
	Channels   int         `json:"channels"`
	Mean       []float64   `json:"mean"` // by which images are normalised
	Std        []float64   `json:"std"`
	Sizes      SizeInfo    `json:"sizes"`
	Unreadable []string    `json:"unreadable"` // of the images that were looked at, with the reason
	Incomplete string      `json:"incomplete"` // what is missing, "" if nothing is
	Section    string      `json:"section"`    // TOML for an experiment
}

// SplitInfo is a split as [data] would use it by default.
type SplitInfo struct {
	Name     string `json:"name"` // train, test
	Images   int    `json:"images"`
	Labelled int    `json:"labelled"`
}

// ClassInfo counts the images of a class.
type ClassInfo struct {
	Name  string `json:"name"`
	Train int    `json:"train"`
	Test  int    `json:"test"`
}

// SizeInfo is the sizes in pixels of the images that were looked at.
type SizeInfo struct {
	LookedAt  int `json:"looked_at"`
	MinHeight int `json:"min_height"`
	MaxHeight int `json:"max_height"`
	MinWidth  int `json:"min_width"`
	MaxWidth  int `json:"max_width"`
}

// lookedAt is how many images of a split are decoded for their sizes.
const lookedAt = 256

// Inspect finds out how the files at path are laid out, opens them and looks at
// some images, evenly over all.
func Inspect(path string) (*Info, error) {
	name, err := detect(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	o := Options{Path: path, Holdout: 0.2, EXIF: true}
	if name == STL10 && !exists(filepath.Join(path, "unlabeled_X.bin")) {
		o.TrainSplit = "train"
	}
	info := &Info{Dataset: name, Path: path, Classes: []ClassInfo{}, Unreadable: []string{}}
	if name == CIFAR10 || name == CIFAR100 || name == STL10 { // whose splits are given
		o.Holdout = 0
	}
	set, err := Open(name, o)
	if err != nil {
		o.AllowPartial = true
		var again error
		if set, again = Open(name, o); again != nil {
			return nil, err
		}
		info.Incomplete = err.Error()
	}
	if name == IDX && isFashion(set) {
		info.Dataset, set.Classes = FashionMNIST, fashionClasses
	}
	info.Channels, info.Mean, info.Std = set.Channels, set.Mean, set.Std
	for _, c := range set.Classes {
		info.Classes = append(info.Classes, ClassInfo{Name: c})
	}
	info.split("train", set.Train)
	info.split("test", set.Test)
	info.Section = info.section(o)
	return info, nil
}

// isFashion tells Fashion-MNIST from MNIST, which has the same files.
func isFashion(s *Set) bool {
	return s.Train.Len() == 60000 && math.Abs(s.Mean[0]-0.2860) < 5e-5 && math.Abs(s.Std[0]-0.3530) < 5e-5
}

func (info *Info) split(name string, d Dataset) {
	s := SplitInfo{Name: name, Images: d.Len()}
	for i := range d.Len() {
		l, ok := d.Label(i)
		if !ok {
			continue
		}
		s.Labelled++
		if name == "train" {
			info.Classes[l].Train++
		} else {
			info.Classes[l].Test++
		}
	}
	info.Splits = append(info.Splits, s)
	n := min(lookedAt, d.Len())
	for k := range n {
		img, err := d.Decode(k * d.Len() / n)
		if err != nil {
			info.Unreadable = append(info.Unreadable, err.Error())
			continue
		}
		z := &info.Sizes
		if z.LookedAt == 0 {
			*z = SizeInfo{0, img.H, img.H, img.W, img.W}
		}
		z.LookedAt++
		z.MinHeight, z.MaxHeight = min(z.MinHeight, img.H), max(z.MaxHeight, img.H)
		z.MinWidth, z.MaxWidth = min(z.MinWidth, img.W), max(z.MaxWidth, img.W)
	}
}

// section is the [data] to write. Sizes are said where files have one that is
// not what images of files are usually scaled to.
func (info *Info) section(o Options) string {
	var w tomlx.Writer
	w.Table("data")
	w.Set("dataset", schema.OfString(info.Dataset))
	w.Set("path", schema.OfString(filepath.ToSlash(info.Path)))
	z := info.Sizes
	if usual := map[string]int{IDX: 28, Folder: 224, Tar: 224}[info.Dataset]; usual != 0 && z.MinHeight == z.MaxHeight && z.MinWidth == z.MaxWidth && z.MinHeight == z.MinWidth && z.MinHeight != usual && z.LookedAt > 0 {
		w.Set("image_size", schema.OfInt(z.MinHeight))
	}
	if o.TrainSplit != "" {
		w.Set("train_split", schema.OfString(o.TrainSplit))
	}
	if o.AllowPartial {
		w.Set("allow_partial", schema.OfBool(true))
	}
	return string(w.Bytes())
}

// detect is the dataset whose files lie at path, by their names.
func detect(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		if _, _, err := readTar(path, true); err != nil {
			return "", fmt.Errorf("%w; expected a tar of images or a folder", err)
		}
		return Tar, nil
	}
	for _, name := range Names() {
		if m := mark[name]; m != "" && exists(filepath.Join(path, m)) {
			return name, nil
		}
	}
	names, err := idxNames(path)
	if err != nil {
		return "", err
	}
	if len(names) > 0 {
		return IDX, nil
	}
	var near error
	for _, name := range []string{CIFAR10, CIFAR100, STL10} {
		if err := pathIsFolder(path, name); err != nil && near == nil {
			near = err
		}
	}
	if _, _, err := walkFolder(path); err != nil {
		return "", errors.Join(near, err)
	}
	return Folder, nil
}
