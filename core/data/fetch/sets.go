package fetch

import (
	"fmt"
	"strings"

	"github.com/fwlab/fw/core/schema"
)

// Set is a public dataset.
type Set struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Page    string `json:"page"`    // of its authors
	Images  int    `json:"images"`  // labelled or not
	Folder  string `json:"folder"`  // that it is unpacked to
	Hashes  string `json:"hashes"`  // who publishes them
	Licence string `json:"licence"` // in a few words
	Files   []File `json:"files"`
}

// File is one download.
type File struct {
	URL      string `json:"url"`
	Size     int64  `json:"size"` // bytes
	SHA256   string `json:"sha256"`
	Unpacked int64  `json:"-"` // at most, in bytes
}

const (
	tfds   = "TensorFlow Datasets"
	noWord = "none stated; for research"
)

// Sets is the public datasets that Get knows.
func Sets() []Set {
	return []Set{
		{Name: "fashion-mnist", Title: "Fashion-MNIST (Xiao et al. 2017): 28 x 28, grey, 10 classes", Page: "https://github.com/zalandoresearch/fashion-mnist",
			Images: 70000, Folder: "fashion-mnist", Hashes: tfds, Licence: "MIT",
			Files: idxFiles("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", [4]File{
				{Size: 26421880, SHA256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
				{Size: 29515, SHA256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
				{Size: 4422102, SHA256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
				{Size: 5148, SHA256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}})},
		{Name: "mnist", Title: "MNIST (LeCun et al. 1998): 28 x 28, grey, 10 classes", Page: "http://yann.lecun.com/exdb/mnist/",
			Images: 70000, Folder: "mnist", Hashes: tfds, Licence: noWord,
			Files: idxFiles("https://storage.googleapis.com/cvdf-datasets/mnist/", [4]File{ // the authors' page serves the files no longer
				{Size: 9912422, SHA256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
				{Size: 28881, SHA256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
				{Size: 1648877, SHA256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
				{Size: 4542, SHA256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}})},
		{Name: "cifar10", Title: "CIFAR-10 (Krizhevsky 2009), binary version: 32 x 32, 10 classes", Page: "https://www.cs.toronto.edu/~kriz/cifar.html",
			Images: 60000, Folder: "cifar-10-batches-bin", Hashes: tfds, Licence: noWord, Files: []File{
				{"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", 170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd", 256 << 20}}},
		{Name: "cifar100", Title: "CIFAR-100 (Krizhevsky 2009), binary version: 32 x 32, 100 classes", Page: "https://www.cs.toronto.edu/~kriz/cifar.html",
			Images: 60000, Folder: "cifar-100-binary", Hashes: tfds, Licence: noWord, Files: []File{
				{"https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz", 168513733, "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec", 256 << 20}}},
		{Name: "stl10", Title: "STL-10 (Coates et al. 2011), binary version: 96 x 96, 10 classes, 100,000 images without labels", Page: "https://cs.stanford.edu/~acoates/stl10/",
			Images: 113000, Folder: "stl10_binary", Hashes: tfds, Licence: noWord, Files: []File{
				{"http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz", 2640397119, "f31fd99273a1acb8609c8db427cebb1de3f71de77758cdc0e22956e1289b9866", 4 << 30}}},
		{Name: "imagenette", Title: "Imagenette 2 (fast.ai), shorter side 160: 10 classes of ImageNet", Page: "https://github.com/fastai/imagenette",
			Images: 13394, Folder: "imagenette2-160", Hashes: tfds, Licence: "Apache-2.0; the images are ImageNet's", Files: []File{
				{"https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz", 98948031, "88daccb09b6fce93f45e6c09ddeb269cce705549e6bff322092a2a5a11489863", 512 << 20}}},
		{Name: "imagenette-320", Title: "Imagenette 2 (fast.ai), shorter side 320: 10 classes of ImageNet", Page: "https://github.com/fastai/imagenette",
			Images: 13394, Folder: "imagenette2-320", Hashes: tfds, Licence: "Apache-2.0; the images are ImageNet's", Files: []File{
				{"https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-320.tgz", 341553947, "5020a9130cea0348272823cb12d2db7e981c6f2afa3dce71ccd5b8013005c55e", 1 << 30}}},
		{Name: "tiny-imagenet", Title: "Tiny ImageNet (Stanford CS231n): 64 x 64, 200 classes of ImageNet", Page: "http://cs231n.stanford.edu/",
			Images: 120000, Folder: "tiny-imagenet-200", Hashes: "recorded by users, as its authors give none", Licence: "the images are ImageNet's", Files: []File{
				{"http://cs231n.stanford.edu/tiny-imagenet-200.zip", 248100043, "6198c8ae015e2b3e007c7841da39ec069199b9aa3bfa943a462022fe5e43c821", 1 << 30}}},
	}
}

// idxFiles gives the four files of MNIST's family their names and bounds.
func idxFiles(base string, files [4]File) []File {
	for i, name := range []string{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"} {
		files[i].URL, files[i].Unpacked = base+name, 64<<20
	}
	return files[:]
}

// Bytes is what a set's downloads take.
func (s *Set) Bytes() (n int64) {
	for _, f := range s.Files {
		n += f.Size
	}
	return n
}

// Find is the set of that name.
func Find(name string) (*Set, error) {
	var known []string
	for _, s := range Sets() {
		if s.Name == name {
			return &s, nil
		}
		known = append(known, s.Name)
	}
	hint := ""
	if n := schema.Nearest(name, known); n != "" {
		hint = fmt.Sprintf("; did you mean %q?", n)
	}
	return nil, fmt.Errorf("data get: unknown dataset %q; known: %s%s", name, strings.Join(known, ", "), hint)
}
