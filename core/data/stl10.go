package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// STL-10 (Coates et al. 2011): train_X.bin, test_X.bin and unlabeled_X.bin of
// 96 x 96 colour images, train_y.bin and test_y.bin of labels 1 to 10.
const (
	stlSide   = 96
	stlRecord = 3 * stlSide * stlSide
)

var (
	stlCounts  = map[string]int{"train": 5000, "test": 8000, "unlabeled": 100000}
	stlClasses = []string{"airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"}
)

func openSTL10(o Options) (*Set, error) {
	if err := pathIsFolder(o.Path, STL10); err != nil {
		return nil, err
	}
	train, err := openSTLSplit("train", o)
	if err != nil {
		return nil, err
	}
	s := &Set{Channels: 3, Classes: slices.Clone(stlClasses), Mean: []float64{0.4467, 0.4398, 0.4066}, Std: []float64{0.2603, 0.2566, 0.2713}, Probe: train}
	switch o.TestSplit {
	case "", "test":
		if s.Test, err = openSTLSplit("test", o); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("test_split %q: probes learn from train, so that only test can test them", o.TestSplit)
	}
	switch o.TrainSplit {
	case "train":
		s.Train, s.Probe = train, nil
	case "unlabeled", "train+unlabeled", "":
		unlabeled, err := openSTLSplit("unlabeled", o)
		switch {
		case missing(err) && o.AllowPartial && o.TrainSplit != "unlabeled":
			s.Train = train
		case missing(err):
			return nil, fmt.Errorf("%w; or set train_split = \"train\"", err)
		case err != nil:
			return nil, err
		case o.TrainSplit == "unlabeled":
			s.Train = unlabeled
		default:
			s.Train = concat{train, unlabeled}
		}
	default:
		return nil, fmt.Errorf("no train_split %q; expected train, unlabeled or train+unlabeled", o.TrainSplit)
	}
	return s, nil
}

// stlSplit is a file of images that are read when they are asked for: the
// unlabeled ones are 2.8 GB.
type stlSplit struct {
	name, path string
	count      int
	labels     []uint8 // 0 to 9; nil where there are none
}

func openSTLSplit(split string, o Options) (*stlSplit, error) {
	file := func(suffix string, record int) recordFile {
		return recordFile{path: filepath.Join(o.Path, split+suffix), record: record, count: stlCounts[split], what: "STL-10's binary version", get: STL10, partial: o.AllowPartial}
	}
	x := file("_X.bin", stlRecord)
	s := &stlSplit{name: STL10 + "/" + split, path: x.path}
	var err error
	if s.count, err = x.records(); err != nil || split == "unlabeled" {
		return s, err
	}
	y := file("_y.bin", 1)
	if s.labels, err = y.read(); err != nil {
		return nil, err
	}
	s.count = min(s.count, len(s.labels))
	for i, l := range s.labels {
		if l < 1 || l > 10 {
			return nil, fmt.Errorf("%s: record %d: expected a label of 1 to 10, found %d: not STL-10", y.path, i, l)
		}
		s.labels[i] = l - 1
	}
	return s, nil
}

func (s *stlSplit) Len() int        { return s.count }
func (s *stlSplit) ID(i int) string { return fmt.Sprintf("%s[%d]", s.name, i) }

func (s *stlSplit) Label(i int) (int, bool) {
	if s.labels == nil {
		return 0, false
	}
	return int(s.labels[i]), true
}

func (s *stlSplit) Decode(i int) (Image, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return Image{}, fmt.Errorf("data: %s: %w", s.ID(i), err)
	}
	defer f.Close()
	var b [stlRecord]byte
	if n, err := f.ReadAt(b[:], int64(i)*stlRecord); err != nil {
		return Image{}, fmt.Errorf("data: %s: %s: expected %d bytes, found %d: %w", s.ID(i), s.path, stlRecord, n, err)
	}
	return decodeSTL(&b), nil
}

// decodeSTL reads planes of red, green and blue, each column by column.
func decodeSTL(b *[stlRecord]byte) Image {
	img := Image{make([]uint8, stlRecord), stlSide, stlSide, 3}
	for c := range 3 {
		for x := range stlSide {
			for y := range stlSide {
				img.Pix[(y*stlSide+x)*3+c] = b[(c*stlSide+x)*stlSide+y]
			}
		}
	}
	return img
}
