package data

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/gen2brain/jpegn"
)

// Limits on what is read: a file, an archive, an image.
const (
	maxFile    = 64 << 20
	maxArchive = 4 << 30
	maxPixels  = 100 << 20
)

// openFolder reads a folder, a .tar or a .tar.gz of JPEG and PNG images. Folders
// train and test (or val) are the splits; otherwise one file in five, by the
// hash of its name, is for testing. The folder of a file below its split is its
// class; images without one are fine, they have no label.
func openFolder(o Options) (*Set, error) {
	info, err := os.Stat(o.Path)
	if err != nil {
		return nil, err
	}
	var list []file
	if info.IsDir() {
		list, err = walkFolder(o.Path)
	} else {
		list, err = readArchive(o.Path)
	}
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: no .jpg, .jpeg or .png files", o.Path)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].name < list[j].name })
	return split(list, o), nil
}

type file struct {
	name string // slash-separated, below the root
	path string // on disk, or
	data []byte // in memory
}

func isImage(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".png":
		return !strings.HasPrefix(path.Base(name), ".")
	}
	return false
}

func walkFolder(root string) (list []file, err error) {
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Type().IsRegular() && isImage(filepath.ToSlash(p)) {
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			list = append(list, file{name: filepath.ToSlash(rel), path: p})
		}
		return nil
	})
	return list, err
}

func readArchive(name string) (list []file, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") || strings.HasSuffix(name, ".tgz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		r = z
	}
	t, total := tar.NewReader(r), int64(0)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if h.Typeflag != tar.TypeReg || !isImage(h.Name) {
			continue
		}
		if total += h.Size; h.Size > maxFile || total > maxArchive {
			return nil, fmt.Errorf("%s: %s: more than %d bytes in all", name, h.Name, int64(maxArchive))
		}
		b, err := io.ReadAll(io.LimitReader(t, maxFile))
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, h.Name, err)
		}
		list = append(list, file{name: path.Clean(h.Name), data: b})
	}
}

// split sorts files into splits and classes by their folders.
func split(list []file, o Options) *Set {
	for { // a single folder around everything says nothing
		first, _, ok := strings.Cut(list[0].name, "/")
		shared := !slices.ContainsFunc(list, func(f file) bool { return !strings.HasPrefix(f.name, first+"/") })
		if !ok || !shared || isSplit(first) {
			break
		}
		for i := range list {
			list[i].name = list[i].name[len(first)+1:]
		}
	}
	named := slices.ContainsFunc(list, func(f file) bool { s, _, ok := strings.Cut(f.name, "/"); return ok && isSplit(s) })
	set := &Set{Name: "folder", Channels: 3, Mean: []float64{0.485, 0.456, 0.406}, Std: []float64{0.229, 0.224, 0.225}}
	train, test := &files{exif: o.EXIF}, &files{exif: o.EXIF}
	classes := map[string]int{}
	for pass := range 2 {
		for _, f := range list {
			rest, to := f.name, train
			if named {
				s, below, _ := strings.Cut(f.name, "/")
				if !isSplit(s) {
					continue
				}
				rest = below
				if s != "train" {
					to = test
				}
			} else if h := fnv.New32a(); true {
				h.Write([]byte(f.name))
				if h.Sum32()%5 == 0 {
					to = test
				}
			}
			class, _, labelled := strings.Cut(rest, "/")
			if pass == 0 {
				if labelled {
					classes[class] = 0
				}
				continue
			}
			label := -1
			if labelled {
				label = classes[class]
			}
			to.list, to.labels = append(to.list, f), append(to.labels, label)
		}
		if pass == 0 {
			for c := range classes {
				set.Classes = append(set.Classes, c)
			}
			sort.Strings(set.Classes)
			for i, c := range set.Classes {
				classes[c] = i
			}
		}
	}
	set.Train, set.Test = train, test
	return set
}

func isSplit(s string) bool { return s == "train" || s == "test" || s == "val" }

type files struct {
	list   []file
	labels []int
	exif   bool
}

func (f *files) Len() int                { return len(f.list) }
func (f *files) Label(i int) (int, bool) { return f.labels[i], f.labels[i] >= 0 }
func (f *files) ID(i int) string         { return f.list[i].name }

func (f *files) Decode(i int) (Image, error) {
	b := f.list[i].data
	if b == nil {
		info, err := os.Stat(f.list[i].path)
		if err == nil && info.Size() > maxFile {
			err = fmt.Errorf("more than %d bytes", maxFile)
		}
		if err == nil {
			b, err = os.ReadFile(f.list[i].path)
		}
		if err != nil {
			return Image{}, fmt.Errorf("data: %s: %w", f.list[i].name, err)
		}
	}
	img, err := Decode(b, f.exif)
	if err != nil {
		return Image{}, fmt.Errorf("data: %s: %w", f.list[i].name, err)
	}
	return img, nil
}

// Decode reads a JPEG or PNG as RGB, as PIL's convert("RGB") does: alpha is
// dropped, grey repeated, 16 bits cut to the upper 8. exif turns photographs
// upright, which torchvision's ImageFolder does not.
func Decode(b []byte, exif bool) (Image, error) {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return Image{}, fmt.Errorf("decode: %w", err)
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width*cfg.Height > maxPixels {
		return Image{}, fmt.Errorf("decode: %d x %d pixels; the limit is %d in all", cfg.Width, cfg.Height, maxPixels)
	}
	var img image.Image
	if format == "jpeg" {
		img, err = decodeJPEG(b, cfg)
	} else {
		img, err = png.Decode(bytes.NewReader(b))
	}
	if err != nil {
		return Image{}, fmt.Errorf("decode: %w", err)
	}
	out := rgb(img)
	if exif && format == "jpeg" {
		out = out.upright(orientation(b))
	}
	return out, nil
}

// decodeJPEG takes the fast decoder where it is safe: it reads truncated files
// without complaint, and cannot do CMYK.
func decodeJPEG(b []byte, cfg image.Config) (img image.Image, err error) {
	if !bytes.Contains(b[max(0, len(b)-64):], []byte{0xff, 0xd9}) || cfg.ColorModel == color.CMYKModel {
		return jpeg.Decode(bytes.NewReader(b))
	}
	defer func() {
		if recover() != nil {
			img, err = jpeg.Decode(bytes.NewReader(b))
		}
	}()
	if img, err = jpegn.Decode(bytes.NewReader(b)); err != nil {
		return jpeg.Decode(bytes.NewReader(b))
	}
	return img, nil
}

func rgb(img image.Image) Image {
	r := img.Bounds()
	out := Image{make([]uint8, 0, r.Dx()*r.Dy()*3), r.Dy(), r.Dx(), 3}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := color.NRGBA64Model.Convert(img.At(x, y)).(color.NRGBA64)
			out.Pix = append(out.Pix, uint8(c.R>>8), uint8(c.G>>8), uint8(c.B>>8))
		}
	}
	return out
}
