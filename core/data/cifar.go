package data

import (
	"fmt"
	"path/filepath"
	"slices"
)

// cifar describes the binary version of a CIFAR set (Krizhevsky 2009): records
// of label bytes, of which the last is the class, and 1,024 bytes each of red,
// green and blue, row by row.
type cifar struct {
	name, title string
	labels      int // bytes
	train, test []string
	count       [2]int // records in a file of train, of test
	classes     []string
	mean, std   []float64
}

// cifarPixels is the bytes of one image, 32 x 32 x 3.
const cifarPixels = 3072

var cifar10 = cifar{
	name: CIFAR10, title: "CIFAR-10's binary version", labels: 1,
	train: []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
	test:  []string{"test_batch.bin"}, count: [2]int{10000, 10000},
	classes: []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
	mean:    []float64{0.4914, 0.4822, 0.4465}, std: []float64{0.2470, 0.2435, 0.2616},
}

var cifar100 = cifar{
	name: CIFAR100, title: "CIFAR-100's binary version", labels: 2,
	train: []string{"train.bin"}, test: []string{"test.bin"}, count: [2]int{50000, 10000},
	classes: []string{
		"apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
		"bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
		"chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur",
		"dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard",
		"lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
		"mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
		"plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket",
		"rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
		"squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
		"train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm"},
	mean: []float64{0.5071, 0.4865, 0.4409}, std: []float64{0.2673, 0.2564, 0.2762},
}

func openCIFAR10(o Options) (*Set, error)  { return cifar10.open(o) }
func openCIFAR100(o Options) (*Set, error) { return cifar100.open(o) }

func (c *cifar) open(o Options) (*Set, error) {
	if err := pathIsFolder(o.Path, c.name); err != nil {
		return nil, err
	}
	train, err := c.split("train", c.train, c.count[0], o)
	if err != nil {
		return nil, err
	}
	test, err := c.split("test", c.test, c.count[1], o)
	if err != nil {
		return nil, err
	}
	s := &Set{Channels: 3, Classes: slices.Clone(c.classes), Mean: slices.Clone(c.mean), Std: slices.Clone(c.std)}
	return s.arrange(train, test, o)
}

func (c *cifar) split(split string, files []string, count int, o Options) (*records, error) {
	out := &records{name: c.name + "/" + split, labels: []uint8{}, h: 32, w: 32, c: 3}
	for _, name := range files {
		f := recordFile{path: filepath.Join(o.Path, name), record: c.labels + cifarPixels, count: count, what: c.title, get: c.name, partial: o.AllowPartial}
		b, err := f.read()
		if missing(err) && o.AllowPartial {
			continue
		}
		if err == nil {
			err = c.decode(out, b)
		}
		if err != nil {
			return nil, wrapPath(f.path, err)
		}
	}
	return out, nil
}

// decode appends whole records to out.
func (c *cifar) decode(out *records, b []byte) error {
	size := c.labels + cifarPixels
	out.pix = slices.Grow(out.pix, len(b)/size*cifarPixels)
	for r := range len(b) / size {
		rec := b[r*size : (r+1)*size]
		label := rec[c.labels-1]
		if int(label) >= len(c.classes) {
			return fmt.Errorf("record %d: expected a label of 0 to %d, found %d: not %s", r, len(c.classes)-1, label, c.title)
		}
		out.labels = append(out.labels, label)
		red, green, blue := rec[c.labels:][:1024], rec[c.labels+1024:][:1024], rec[c.labels+2048:][:1024]
		for p := range red {
			out.pix = append(out.pix, red[p], green[p], blue[p])
		}
	}
	return nil
}
