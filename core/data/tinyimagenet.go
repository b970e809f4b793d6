package data

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// What Tiny-ImageNet says of its images in files beside them, in lines parted by
// tabs: of validation images file, class and box, of those of a class file and box.
// Boxes are xmin, ymin, xmax and ymax in pixels, the last ones of the object.
const (
	annotationsName = "val_annotations.txt"
	boxesSuffix     = "_boxes.txt"
	wordsName       = "words.txt" // beside the splits: class, and its names, parted by commas
)

// inWords is the classes by the first of their names, where these are known and each
// means one class.
func inWords(text []byte, classes []string) []string {
	said := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if class, names, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && slices.Contains(classes, class) {
			said[class], _, _ = strings.Cut(names, ",")
		}
	}
	named := slices.Clone(classes)
	for i, c := range classes {
		if name := strings.TrimSpace(said[c]); name != "" {
			named[i] = name
		}
	}
	if sorted := slices.Sorted(slices.Values(named)); len(slices.Compact(sorted)) < len(classes) {
		return classes
	}
	return named
}

// annotations is the class of each file name; nil without a text.
func annotations(text []byte) map[string]string {
	if text == nil {
		return nil
	}
	m := map[string]string{}
	for line := range bytes.Lines(text) {
		if f := bytes.Split(bytes.TrimSpace(line), []byte("\t")); len(f) >= 2 {
			m[string(f[0])] = string(f[1])
		}
	}
	return m
}

// pixelBox is the first and the last column and row of an object.
type pixelBox struct{ x0, y0, x1, y1 int }

// object is the box as shares of an image of h x w pixels; false if it does not lie
// in that.
func (b pixelBox) object(class, h, w int) (Object, bool) {
	y, x := float64(h), float64(w)
	o := Object{Class: class, Y0: float64(b.y0) / y, X0: float64(b.x0) / x, Y1: float64(b.y1+1) / y, X1: float64(b.x1+1) / x}
	return o, b.x0 >= 0 && b.y0 >= 0 && b.x0 <= b.x1 && b.y0 <= b.y1 && b.x1 < w && b.y1 < h
}

// boxesIn is the boxes in sidecars, by their folder and the file's name. Lines that
// are something else say nothing.
func boxesIn(sidecars map[string][]byte) map[string]map[string]pixelBox {
	boxes := map[string]map[string]pixelBox{}
	for _, name := range slices.Sorted(maps.Keys(sidecars)) {
		dir, base := path.Dir(name), path.Base(name)
		fields := 5
		if base == annotationsName {
			fields = 6
		} else if !strings.HasSuffix(base, boxesSuffix) {
			continue
		}
		if boxes[dir] == nil {
			boxes[dir] = map[string]pixelBox{}
		}
		for line := range bytes.Lines(sidecars[name]) {
			f := strings.Split(strings.TrimSpace(string(line)), "\t")
			if len(f) != fields {
				continue
			}
			var b pixelBox
			whole := true
			for i, v := range []*int{&b.x0, &b.y0, &b.x1, &b.y1} {
				var err error
				*v, err = strconv.Atoi(f[fields-4+i])
				whole = whole && err == nil
			}
			if whole {
				boxes[dir][f[0]] = b
			}
		}
	}
	return boxes
}

// boxOf is what the folders above an image know of it, the nearest first; nil if none does.
func boxOf(boxes map[string]map[string]pixelBox, name string) *pixelBox {
	base := path.Base(name)
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if b, ok := boxes[dir][base]; ok {
			return &b
		}
		if dir == "." {
			return nil
		}
	}
}
