package data

import (
	"fmt"
	"testing"
)

func TestTinyImageNetsBoxes(t *testing.T) {
	img := pngOf(t, grey(8, 16, 0))
	bothWays(t, []entry{
		{"tiny/train/n01/images/n01_0.png", img},
		{"tiny/train/n01/images/n01_1.png", img},
		{"tiny/train/n01/images/n01_2.png", img},
		{"tiny/train/n01/images/n01_3.png", img},
		{"tiny/train/n01/n01_boxes.txt", []byte("n01_0.png\t0\t2\t15\t7\nn01_1.png\t4\t4\t4\t8\n\nn01_2.png\t5\t5\t4\t6\nn01_3.png\tone\t0\t1\t1\n")},
		{"tiny/val/images/val_0.png", img},
		{"tiny/val/images/val_1.png", img},
		{"tiny/val/val_annotations.txt", []byte("val_0.png\tn01\t8\t4\t11\t5\nval_1.png\tn01\n")},
	}, Options{}, func(t *testing.T, s *Set) {
		var got []string
		for _, d := range []Dataset{limit(s.Train, 0), part(s.Test, 0, 2)} {
			for i := range d.Len() {
				got = append(got, fmt.Sprint(Objects(d, i)))
			}
		}
		want := []string{"[{0 0.25 0 1 1 []}]", "[]", "[]", "[]", "[{0 0.5 0.5 0.75 0.75 []}]", "[]"} // the last pixel belongs to the object
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v, expected %v", got, want)
		}
	})
}

// Classes are called by the first of their names, in the order of the folders.
func TestTinyImageNetsWords(t *testing.T) {
	img := pngOf(t, grey(8, 8, 0))
	images := []entry{{"tiny/train/n01/images/a.png", img}, {"tiny/train/n02/images/b.png", img}, {"tiny/train/n03/images/c.png", img}}
	for _, c := range []struct{ words, want string }{
		{"n02\tsnail\nn01\tboa constrictor, Constrictor constrictor\n\nn09\tcliff\nn03", "[boa constrictor snail n03]"},
		{"n01\tcrane\nn02\tcrane, a bird\n", "[n01 n02 n03]"}, // two classes of one name
		{"n01\t, \nnothing\n", "[n01 n02 n03]"},
	} {
		bothWays(t, append(images, entry{"tiny/words.txt", []byte(c.words)}), Options{}, func(t *testing.T, s *Set) {
			if got := fmt.Sprint(s.Classes); got != c.want {
				t.Errorf("%q: %s, expected %s", c.words, got, c.want)
			}
			for i := range s.Train.Len() {
				if l, ok := s.Train.Label(i); !ok || l < 0 || l > 2 {
					t.Errorf("image %d has the label %d", i, l)
				}
			}
		})
	}
}

func FuzzBoxes(f *testing.F) {
	f.Add([]byte("a\t0\t0\t9\t9\n"))
	f.Add([]byte("a\t-1\t9223372036854775807\t9\t\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, list := range boxesIn(map[string][]byte{"x_boxes.txt": text, "a/val_annotations.txt": text}) {
			for _, b := range list {
				if o, ok := b.object(0, 10, 10); ok && !(0 <= o.Y0 && o.Y0 < o.Y1 && o.Y1 <= 1 && 0 <= o.X0 && o.X0 < o.X1 && o.X1 <= 1) {
					t.Errorf("%+v gives %+v", b, o)
				}
			}
		}
	})
}
