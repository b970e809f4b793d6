package data

import "testing"

// The real sets of the shared folder.
func TestRealSets(t *testing.T) {
	for _, c := range []struct {
		file                 string
		o                    Options
		train, test, classes int
		h, w                 int
	}{
		{"cifar10-jpeg.tar.gz", Options{}, 50000, 10000, 10, 32, 32},
		{"tiny-imagenet-20.tar.gz", Options{}, 10000, 1000, 20, 64, 64},
		{"imagenette-224-sub.tar", Options{}, 3000, 900, 10, 224, 224},
		{"coco128.tar", Options{TrainSplit: "images/train2017", TestSplit: "images/val2017"}, 128, 128, 0, 0, 0},
	} {
		t.Run(c.file, func(t *testing.T) {
			c.o.Path = shared(t, c.file)
			s := opened(t, Tar, c.o)
			if s.Train.Len() != c.train || s.Test.Len() != c.test || len(s.Classes) != c.classes {
				t.Fatalf("%d train, %d test, classes %v", s.Train.Len(), s.Test.Len(), s.Classes)
			}
			for _, d := range []Dataset{s.Train, s.Test} {
				if _, ok := d.Label(d.Len() - 1); ok != (c.classes > 0) {
					t.Errorf("the last image has a label: %v", ok)
				}
				if m, err := d.Decode(d.Len() - 1); err != nil || c.h > 0 && (m.H != c.h || m.W != c.w) {
					t.Errorf("%d x %d, %v", m.H, m.W, err)
				}
			}
		})
	}
}
