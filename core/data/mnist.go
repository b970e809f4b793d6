package data

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The 10,000 images of Fashion-MNIST's test file (Xiao et al. 2017; MIT licence,
// see fashionmnist/LICENSE), which the holdout cuts in order.
var (
	//go:embed fashionmnist/t10k-images-idx3-ubyte.gz
	fashionImages []byte
	//go:embed fashionmnist/t10k-labels-idx1-ubyte.gz
	fashionLabels []byte

	fashionClasses = []string{"t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"}
)

func openFashion(o Options) (*Set, error) {
	s := &Set{Channels: 1, Classes: slices.Clone(fashionClasses), Mean: []float64{0.2860}, Std: []float64{0.3530}}
	if o.Path != "" {
		train, test, err := openIDXFolder(FashionMNIST, o)
		if err != nil {
			return nil, err
		}
		if test == nil {
			return nil, fmt.Errorf("%s: no t10k-images-idx3-ubyte, plain or .gz; %s", o.Path, tryGet(FashionMNIST))
		}
		for _, r := range []*records{train, test} {
			if r.h != 28 || r.w != 28 || (r.labels != nil && slices.Max(r.labels) > 9) {
				return nil, fmt.Errorf("%s: expected images of 28 x 28 with labels of 0 to 9, found %d x %d; dataset = %q takes others", o.Path, r.h, r.w, IDX)
			}
		}
		return s.arrange(train, test, o)
	}
	_, images, err := idx(bytes.NewReader(fashionImages), int64(len(fashionImages)), 3, false)
	if err != nil {
		return nil, err
	}
	_, labels, err := idx(bytes.NewReader(fashionLabels), int64(len(fashionLabels)), 1, false)
	if err != nil {
		return nil, err
	}
	train, test := cut(&records{FashionMNIST, images, labels, 28, 28, 1}, o.Holdout)
	return s.arrange(train, test, o)
}

// openIDX reads a folder in MNIST's layout (LeCun et al. 1998): images
// idx3-ubyte and labels idx1-ubyte of train and of t10k or test. Without test
// images the last share of the training images is kept back.
func openIDX(o Options) (*Set, error) {
	train, test, err := openIDXFolder(IDX, o)
	if err != nil {
		return nil, err
	}
	s := &Set{Channels: 1}
	s.Mean, s.Std = train.moments()
	most := -1
	for _, r := range []*records{train, test} {
		if r != nil && r.labels != nil {
			most = max(most, int(slices.Max(r.labels)))
		}
	}
	for c := range most + 1 {
		s.Classes = append(s.Classes, strconv.Itoa(c))
	}
	if test != nil {
		return s.arrange(train, test, o)
	}
	a, b := cut(train, o.Holdout)
	return s.arrange(a, b, o)
}

// openIDXFolder reads the two splits; test is nil where there are no test images.
func openIDXFolder(dataset string, o Options) (train, test *records, err error) {
	if err := pathIsFolder(o.Path, dataset); err != nil {
		return nil, nil, err
	}
	names, err := idxNames(o.Path)
	if err != nil {
		return nil, nil, err
	}
	open := func(split string) (*records, error) {
		path, ok := names[split+" images"]
		if !ok {
			return nil, nil
		}
		dims, pix, err := readIDX(path, 3, o.AllowPartial)
		if err != nil {
			return nil, err
		}
		r := &records{name: dataset + "/" + split, pix: pix, h: dims[1], w: dims[2], c: 1}
		path, ok = names[split+" labels"]
		if !ok {
			if o.AllowPartial {
				return r, nil
			}
			return nil, fmt.Errorf("%s: no %s labels (idx1-ubyte) beside the images; set allow_partial = true to do without", o.Path, split)
		}
		ldims, labels, err := readIDX(path, 1, o.AllowPartial)
		if err != nil {
			return nil, err
		}
		if n := min(ldims[0], dims[0]); o.AllowPartial {
			labels, r.pix = labels[:n], r.pix[:n*r.h*r.w]
		} else if ldims[0] != dims[0] {
			return nil, fmt.Errorf("%s: expected a label for each of %d images, found %d", path, dims[0], ldims[0])
		}
		r.labels = labels
		return r, nil
	}
	if train, err = open("train"); err != nil {
		return nil, nil, err
	}
	if train == nil {
		return nil, nil, fmt.Errorf("%s: no train-images-idx3-ubyte, plain or .gz; %s", o.Path, tryGet(dataset))
	}
	if test, err = open("test"); err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

// MNIST's names, with the prefixes of its family (EMNIST's letters and digits) and
// both punctuations that are about.
var idxName = regexp.MustCompile(`^(.*)(train|t10k|test)[-.](images|labels)[-.]idx[13]-ubyte(\.gz)?$`)

// idxNames is the files of a folder by "train images", "test labels" and so on;
// a plain file comes before a gzipped one.
func idxNames(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names, prefixes := map[string]string{}, []string{}
	for _, e := range entries {
		m := idxName.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		split := m[2]
		if split == "t10k" {
			split = "test"
		}
		key := split + " " + m[3]
		if _, have := names[key]; !have || m[4] == "" {
			names[key] = filepath.Join(dir, e.Name())
		}
		if !slices.Contains(prefixes, m[1]) {
			prefixes = append(prefixes, m[1])
		}
	}
	if len(prefixes) > 1 {
		return nil, fmt.Errorf("%s: several sets, with the names %q; move the four files of one into a folder of their own", dir, strings.Join(prefixes, `", "`))
	}
	return names, nil
}
