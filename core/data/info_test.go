package data

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestInspect(t *testing.T) {
	cifar := t.TempDir()
	for _, name := range append(cifar10.train, cifar10.test...) {
		write(t, filepath.Join(cifar, name), make([]byte, 2*(1+cifarPixels)))
	}
	stl := stlFolder(t)
	packed := filepath.Join(t.TempDir(), "x.tar.gz")
	write(t, packed, gzipped(t, tarOf(t, sample(t))))
	for _, c := range []struct {
		path, dataset string
		train, test   int
		sizes         SizeInfo
		section       []string
	}{
		{cifar, CIFAR10, 10, 2, SizeInfo{12, 32, 32, 32, 32}, []string{"allow_partial = true"}},
		{stl, STL10, 7, 2, SizeInfo{9, 96, 96, 96, 96}, []string{"allow_partial = true"}},
		{idxFolder(t, "", "t10k"), IDX, 6, 2, SizeInfo{8, 3, 3, 2, 2}, nil},
		{folderOf(t, sample(t)), Folder, 2, 1, SizeInfo{3, 4, 6, 5, 6}, nil},
		{packed, Tar, 2, 1, SizeInfo{3, 4, 6, 5, 6}, nil},
	} {
		info, err := Inspect(c.path)
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Dataset != c.dataset || info.Splits[0].Images != c.train || info.Splits[1].Images != c.test || info.Sizes != c.sizes || len(info.Unreadable) > 0 {
			t.Errorf("%s: %+v", c.dataset, info)
		}
		inClasses := 0
		for _, k := range info.Classes {
			inClasses += k.Train + k.Test
		}
		if inClasses != info.Splits[0].Labelled+info.Splits[1].Labelled {
			t.Errorf("%s: %d images in classes, splits %+v", c.dataset, inClasses, info.Splits)
		}
		if partial := len(c.section) > 0; partial != (info.Incomplete != "") {
			t.Errorf("%s: incomplete: %q", c.dataset, info.Incomplete)
		}
		for _, want := range append(c.section, "[data]", `dataset = "`+c.dataset+`"`, filepath.ToSlash(c.path)) {
			if !strings.Contains(info.Section, want) {
				t.Errorf("%s: expected %q in\n%s", c.dataset, want, info.Section)
			}
		}
	}
}

func TestInspectSaysWhatIsWrong(t *testing.T) {
	foreign := filepath.Join(t.TempDir(), "note.txt")
	write(t, foreign, []byte("hello"))
	deep := folderOf(t, []entry{{"cifar-100-binary/train.bin", nil}})
	for path, want := range map[string]string{
		foreign:                        "not a tar",
		deep:                           "cifar-100-binary",
		t.TempDir():                    "empty",
		filepath.Join(deep, "nothing"): "nothing",
		filepath.Dir(cifarTestOnly(t)): "it lies deeper",
		folderOf(t, []entry{{"t10k-images-idx3-ubyte", nil}}): "no train-images",
	} {
		if _, err := Inspect(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected an error with %q, found %v", path, want, err)
		}
	}
}

func cifarTestOnly(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "sub")
	write(t, filepath.Join(dir, "data_batch_1.bin"), nil)
	return dir
}
