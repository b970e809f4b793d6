package data

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/fwlab/fw/core/rng"
)

// The 10,000 images of Fashion-MNIST's test file (Xiao et al. 2017; MIT licence,
// see fashionmnist/LICENSE), here split in order: 8,000 train, 2,000 test.
var (
	//go:embed fashionmnist/t10k-images-idx3-ubyte.gz
	fashionImages []byte
	//go:embed fashionmnist/t10k-labels-idx1-ubyte.gz
	fashionLabels []byte
)

func openFashion(Options) (*Set, error) {
	images, err := idx(fashionImages, 3)
	if err != nil {
		return nil, err
	}
	labels, err := idx(fashionLabels, 1)
	if err != nil {
		return nil, err
	}
	all := &records{"fashion-mnist/t10k", images, labels, 28, 28, 1}
	return &Set{Name: "fashion-mnist", Train: all.part("fashion-mnist/train", 0, 8000), Test: all.part("fashion-mnist/test", 8000, 10000),
		Classes:  []string{"t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"},
		Channels: 1, Mean: []float64{0.2860}, Std: []float64{0.3530}}, nil
}

// maxIDX bounds the bytes of an unpacked IDX file.
const maxIDX = 1 << 30

// idx unpacks a gzipped IDX file of unsigned bytes with the given rank.
func idx(packed []byte, rank int) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("idx: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(z, maxIDX))
	if err != nil {
		return nil, fmt.Errorf("idx: %w", err)
	}
	head := 4 + 4*rank
	if len(b) < head || b[0] != 0 || b[1] != 0 || b[2] != 8 || int(b[3]) != rank {
		return nil, fmt.Errorf("idx: expected unsigned bytes of rank %d", rank)
	}
	n := uint64(1)
	for d := range rank {
		n *= uint64(binary.BigEndian.Uint32(b[4+4*d:]))
		if n > maxIDX {
			return nil, fmt.Errorf("idx: more than %d bytes", maxIDX)
		}
	}
	if uint64(len(b)-head) != n {
		return nil, fmt.Errorf("idx: expected %d bytes after the header, found %d", n, len(b)-head)
	}
	return b[head:], nil
}

const cifarRecord = 1 + 3072

// openCIFAR10 reads the binary version: records of a label and 1,024 bytes of each of R, G, B.
func openCIFAR10(o Options) (*Set, error) {
	read := func(split string, files ...string) (*records, error) {
		out := &records{name: "cifar10/" + split, h: 32, w: 32, c: 3}
		for _, name := range files {
			path := filepath.Join(o.Path, name)
			b, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("%w; expected the folder cifar-10-batches-bin with %s", err, name)
			}
			n := len(b) / cifarRecord
			if len(b)%cifarRecord != 0 {
				return nil, fmt.Errorf("%s: expected a multiple of %d bytes, found %d (last record cut short); download it again", path, cifarRecord, len(b))
			}
			if n != 10000 && !o.AllowPartial {
				return nil, fmt.Errorf("%s: expected 10000 records, found %d; download it again, or set allow_partial = true", path, n)
			}
			for r := range n {
				rec := b[r*cifarRecord : (r+1)*cifarRecord]
				if rec[0] > 9 {
					return nil, fmt.Errorf("%s: record %d: expected a label of 0 to 9, found %d: not CIFAR-10", path, r, rec[0])
				}
				out.labels = append(out.labels, rec[0])
				for p := range 1024 {
					out.pix = append(out.pix, rec[1+p], rec[1025+p], rec[2049+p])
				}
			}
		}
		return out, nil
	}
	train, err := read("train", "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin")
	if err != nil {
		return nil, err
	}
	test, err := read("test", "test_batch.bin")
	if err != nil {
		return nil, err
	}
	return &Set{Name: "cifar10", Train: train, Test: test, Channels: 3,
		Classes: []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
		Mean:    []float64{0.4914, 0.4822, 0.4465}, Std: []float64{0.2470, 0.2435, 0.2616}}, nil
}

// openSynthetic makes random images, a pure function of split and index; for benchmarks.
func openSynthetic(o Options) (*Set, error) {
	count, classes, size, channels := max(o.Count, 1), max(o.Classes, 1), max(o.Size, 1), 3
	if o.Channels == 1 {
		channels = 1
	}
	mean, std := make([]float64, channels), make([]float64, channels)
	for i := range mean {
		mean[i], std[i] = 0.5, 0.2887
	}
	set := &Set{Name: "synthetic", Channels: channels, Mean: mean, Std: std}
	for c := range classes {
		set.Classes = append(set.Classes, strconv.Itoa(c))
	}
	set.Train = &synthetic{rng.New(0).FoldString("train"), count, classes, size, channels}
	set.Test = &synthetic{rng.New(0).FoldString("test"), max(1, count/5), classes, size, channels}
	return set, nil
}

type synthetic struct {
	key                           rng.Key
	count, classes, size, channel int
}

func (s *synthetic) Len() int { return s.count }

func (s *synthetic) Decode(i int) (Image, error) {
	k := s.key.Fold(uint64(i))
	img := Image{make([]uint8, s.size*s.size*s.channel), s.size, s.size, s.channel}
	for p := 0; p < len(img.Pix); p += 16 {
		w := k.Block(uint64(p / 16))
		for j := 0; j < 16 && p+j < len(img.Pix); j++ {
			img.Pix[p+j] = uint8(w[j/4] >> (8 * (j % 4)))
		}
	}
	return img, nil
}

func (s *synthetic) Label(i int) (int, bool) { return i % s.classes, true }
func (s *synthetic) ID(i int) string         { return "synthetic[" + strconv.Itoa(i) + "]" }
