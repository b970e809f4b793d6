package data

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"
)

// layout sorts image files into splits and classes by their folders.
//
// A folder around everything says nothing and is left out of the names. The
// splits are the folders named by train_split and test_split; unnamed, they are
// train, and test or else val, whichever has labels. Without a folder to test
// on, the holdout is drawn from the names. The first folder below its split is
// an image's class; images without one have no label. A val_annotations.txt in
// a split, as Tiny-ImageNet has, gives the classes in place of the folders, and
// so does a .cls file beside an image, as WebDataset has. Boxes of objects and the
// words for classes are Tiny-ImageNet's.
func layout(list []file, sidecars map[string][]byte, o Options) (*Set, error) {
	sort.Slice(list, func(i, j int) bool { return list[i].name < list[j].name })
	l := &layouter{list: list, sidecars: sidecars, o: o}
	l.unwrap()
	train, test, err := l.splits()
	if err != nil {
		return nil, err
	}
	if test == nil {
		all := train
		train = nil
		for _, f := range all {
			if float64(draw("holdout", f.name)) < o.Holdout {
				test = append(test, f)
			} else {
				train = append(train, f)
			}
		}
	}
	s := &Set{Channels: 3, Mean: []float64{0.485, 0.456, 0.406}, Std: []float64{0.229, 0.224, 0.225}} // ImageNet's
	if known := classes(train); len(known) > 0 && disjoint(known, classes(test)) {
		for i := range test {
			test[i].class = ""
		}
	}
	s.Classes = classes(slices.Concat(train, test))
	s.Train, s.Test = l.dataset(train, s.Classes), l.dataset(test, s.Classes)
	s.Classes = inWords(l.sidecars[wordsName], s.Classes)
	return s, nil
}

// labelled is a file with its class, "" for none, and the box of the object that
// this means, nil where it is not known.
type labelled struct {
	file
	class string
	box   *pixelBox
}

type layouter struct {
	list     []file
	sidecars map[string][]byte
	o        Options
	wrapper  string // the folders around everything
}

func isSplit(s string) bool { return s == "train" || s == "test" || s == "val" }

// unwrap takes the folders around everything off the names.
func (l *layouter) unwrap() {
	for {
		first, _, ok := strings.Cut(l.list[0].name, "/")
		out := func(f file) bool { return !strings.HasPrefix(f.name, first+"/") }
		if !ok || isSplit(first) || slices.ContainsFunc(l.list, out) {
			return
		}
		l.wrapper = path.Join(l.wrapper, first)
		for i := range l.list {
			l.list[i].name = l.list[i].name[len(first)+1:]
		}
		below := map[string][]byte{}
		for name, text := range l.sidecars {
			if rest, ok := strings.CutPrefix(name, first+"/"); ok {
				below[rest] = text
			}
		}
		l.sidecars = below
	}
}

// folder is a split's name as it is in the unwrapped names.
func (l *layouter) folder(key, split string) (string, error) {
	clean := path.Clean("/" + strings.ReplaceAll(split, `\`, "/"))[1:]
	if l.wrapper != "" {
		for _, w := range []string{l.wrapper, path.Base(l.wrapper)} {
			if clean == w {
				return "", nil
			}
			if rest, ok := strings.CutPrefix(clean, w+"/"); ok {
				clean = rest
				break
			}
		}
	}
	if clean != "" && !slices.ContainsFunc(l.list, func(f file) bool { return within(f.name, clean) }) {
		var have []string
		for _, f := range l.list {
			if first, _, ok := strings.Cut(f.name, "/"); ok && !slices.Contains(have, first) {
				have = append(have, first)
			}
		}
		if len(have) > 10 {
			have = append(have[:10], "...")
		}
		return "", fmt.Errorf("%s: no images in %s %q; its folders: %s", l.o.Path, key, split, strings.Join(have, ", "))
	}
	return clean, nil
}

func within(name, folder string) bool { return folder == "" || strings.HasPrefix(name, folder+"/") }

// splits finds the images of both; test is nil if they are to be held out.
func (l *layouter) splits() (train, test []labelled, err error) {
	from, err := l.folder("train_split", l.o.TrainSplit)
	if err != nil {
		return nil, nil, err
	}
	to, err := l.folder("test_split", l.o.TestSplit)
	if err != nil {
		return nil, nil, err
	}
	if l.o.TrainSplit == "" && l.has("train") {
		from = "train"
	}
	if l.o.TestSplit == "" && (l.o.TrainSplit == "" || from == "train") {
		to = l.usualTest(from)
	}
	if to == "" || from == to {
		return l.below(from, ""), nil, nil
	}
	return l.below(from, to), l.below(to, from), nil
}

// usualTest is test, or val where test has no labels that probes could be tested on.
func (l *layouter) usualTest(from string) (folder string) {
	for _, name := range []string{"test", "val"} {
		if !l.has(name) {
			continue
		}
		if folder == "" {
			folder = name
		}
		known, found := classes(l.below(from, name)), classes(l.below(name, ""))
		if len(found) > 0 && (len(known) == 0 || !disjoint(known, found)) {
			return name
		}
	}
	return folder
}

func (l *layouter) has(folder string) bool {
	return slices.ContainsFunc(l.list, func(f file) bool { return within(f.name, folder) })
}

// below is the files within folder, without those of a folder within it.
func (l *layouter) below(folder, but string) (list []labelled) {
	if !within(but, folder) {
		but = ""
	}
	annotated := annotations(l.sidecars[path.Join(folder, annotationsName)])
	boxes := boxesIn(l.sidecars)
	for _, f := range l.list {
		if within(f.name, folder) && (but == "" || !within(f.name, but)) {
			list = append(list, labelled{f, l.class(f.name, folder, annotated), boxOf(boxes, f.name)})
		}
	}
	return list
}

func (l *layouter) class(name, folder string, annotated map[string]string) string {
	if text, ok := l.sidecars[clsOf(name)]; ok {
		return string(bytes.TrimSpace(text))
	}
	if annotated != nil {
		return annotated[path.Base(name)]
	}
	if folder != "" {
		name = name[len(folder)+1:]
	}
	class, _, ok := strings.Cut(name, "/")
	if !ok {
		return ""
	}
	return class
}

// classes is the sorted classes of files.
func classes(list []labelled) (names []string) {
	seen := map[string]bool{"": true}
	for _, f := range list {
		if !seen[f.class] {
			seen[f.class] = true
			names = append(names, f.class)
		}
	}
	sort.Strings(names)
	return names
}

func disjoint(a, b []string) bool {
	return !slices.ContainsFunc(b, func(s string) bool { return slices.Contains(a, s) })
}

func (l *layouter) dataset(list []labelled, classes []string) *files {
	label := map[string]int{"": -1}
	for i, c := range classes {
		label[c] = i
	}
	d := &files{exif: l.o.EXIF}
	for _, f := range list {
		d.list, d.labels, d.boxes = append(d.list, f.file), append(d.labels, label[f.class]), append(d.boxes, f.box)
	}
	return d
}

// isSidecar is whether a file says something of the images beside it.
func isSidecar(name string) bool {
	return path.Base(name) == annotationsName || path.Base(name) == wordsName || strings.HasSuffix(name, boxesSuffix) || path.Ext(name) == ".cls"
}

// clsOf is WebDataset's file of an image's class: the name up to its first dot, and .cls.
func clsOf(name string) string {
	dir, base := path.Split(name)
	stem, _, _ := strings.Cut(base, ".")
	return dir + stem + ".cls"
}
