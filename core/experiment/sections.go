package experiment

import (
	"slices"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/schema"
)

// Sections is the language of the file, but for the plugins' sections, which hold
// `use` and the plugin's own parameters.
func Sections() []Section {
	return []Section{experimentSection(), dataSection(), localizationSection(), modulesSection(), optimSection(), trainSection(), evalSection()}
}

func experimentSection() Section {
	return Section{Name: "experiment", Doc: "what the run is called, and the source of its randomness", Rows: []Row{
		row(schema.String, "name", "begins the run directory's name; without it the file's name", optional),
		row(schema.Int, "seed", "every random draw is a function of it", def(schema.OfInt(0)), atLeast(0)),
		row(schema.String, "notes", "kept with the run", def(schema.OfString(""))),
	}}
}

func dataSection() Section {
	sets := []string{data.FashionMNIST, data.CIFAR10, data.CIFAR100, data.STL10, data.IDX, data.Folder, data.Tar, data.Synthetic, data.Shapes}
	splits := []string{data.FashionMNIST, data.CIFAR10, data.CIFAR100, data.IDX, data.Synthetic, data.Shapes}
	files := []string{data.Folder, data.Tar}
	return Section{Name: "data", Doc: "the images: a known set or files of your own", Rows: []Row{
		row(schema.String, "dataset", "which set, or how its files are laid out; "+data.FashionMNIST+" is embedded", oneOf(sets...)),
		row(schema.String, "path", "folder with the four IDX files; without it the 10,000 embedded test images", optional, when("dataset", data.FashionMNIST)),
		row(schema.String, "path", "where the set lies, from the working directory", when("dataset", data.CIFAR10, data.CIFAR100, data.STL10, data.IDX, data.Folder, data.Tar)),
		row(schema.Int, "image_size", "side in pixels that the encoder sees unless the pretext task says otherwise for a view", def(schema.OfInt(28)), atLeast(1), atMost(4096), when("dataset", data.FashionMNIST, data.IDX)),
		row(schema.Int, "image_size", "side in pixels", def(schema.OfInt(32)), atLeast(1), atMost(4096), when("dataset", data.CIFAR10, data.CIFAR100, data.Synthetic)),
		row(schema.Int, "image_size", "side in pixels", def(schema.OfInt(96)), atLeast(1), atMost(4096), when("dataset", data.STL10)),
		row(schema.Int, "image_size", "side in pixels at which the scenes are drawn", def(schema.OfInt(32)), atLeast(20), atMost(4096), when("dataset", data.Shapes)),
		row(schema.Int, "image_size", "side in pixels", def(schema.OfInt(224)), atLeast(1), atMost(4096), when("dataset", files...)),
		row(schema.Int, "channels", "1 grey, 3 colours; images are converted", def(schema.OfInt(1)), atLeast(1), atMost(3), when("dataset", data.FashionMNIST, data.IDX)),
		row(schema.Int, "channels", "1 grey, 3 colours; images are converted", def(schema.OfInt(3)), atLeast(1), atMost(3), when("dataset", without(sets, data.FashionMNIST, data.IDX)...)),
		row(schema.String, "train_split", "what is trained on", def(schema.OfString("train")), oneOf("train", "test"), when("dataset", splits...)),
		row(schema.String, "train_split", "what is trained on; probes learn from train alone", def(schema.OfString("train+unlabeled")), oneOf("train", "unlabeled", "train+unlabeled"), when("dataset", data.STL10)),
		row(schema.String, "train_split", "subfolder (of a tar: leading path) to train on; empty: train if there is one, otherwise everything", def(schema.OfString("")), when("dataset", files...)),
		row(schema.String, "test_split", "what probes are tested on", def(schema.OfString("test")), oneOf("train", "test"), when("dataset", append(splits, data.STL10)...)),
		row(schema.String, "test_split", "subfolder (of a tar: leading path) that probes are tested on; empty: test or val if there is one with labels, otherwise the holdout", def(schema.OfString("")), when("dataset", files...)),
		row(schema.Float, "holdout", "share kept back for testing where a set has no test images of its own, or where train_split is test_split", def(schema.OfFloat(0.2)), atLeast(0), below(1), when("dataset", without(sets, data.CIFAR10, data.CIFAR100, data.STL10)...)),
		row(schema.Int, "count", "number of images, test images included", def(schema.OfInt(10000)), atLeast(1), atMost(1<<31-1), when("dataset", data.Synthetic, data.Shapes)),
		row(schema.Int, "seed", "which scenes are drawn; experiment.seed changes none of them", def(schema.OfInt(0)), atLeast(0), when("dataset", data.Shapes)),
		row(schema.Int, "classes", "number of labels", def(schema.OfInt(10)), atLeast(1), atMost(1<<31-1), when("dataset", data.Synthetic)),
		row(schema.Bool, "exif", "turn photographs upright as their EXIF orientation says", def(schema.OfBool(true)), when("dataset", files...)),
		row(schema.Bool, "normalize", "subtract the set's mean and divide by its deviation, channel by channel", def(schema.OfBool(true))),
		row(schema.Int, "limit", "use only n training images, of files those that the names draw; 0: all", def(schema.OfInt(0)), atLeast(0)),
		row(schema.Bool, "allow_partial", "take what is there of a set that is cut short or has files missing", def(schema.OfBool(false)), when("dataset", without(sets, data.Synthetic, data.Shapes)...)),
		row(schema.Int, "max_corrupt", "unreadable images to skip, each named, before the run stops", def(schema.OfInt(10)), atLeast(0), when("dataset", files...)),
	}}
}

const localization = "localization"

// The ways to make heat of a feature map.
const (
	HeatSum       = "sum"
	HeatNorm      = "norm"
	HeatAttention = "attention"
)

// localizationSection is there for crop strategies that go by boxes.
func localizationSection() Section {
	return Section{Name: localization, Doc: "the box of each image that crops go by: where the encoder in training looks", Rows: []Row{
		row(schema.Int, "warmup_epochs", "epochs of plain crops, before boxes are used; train.epochs: plain crops throughout; without it a fifth of train.epochs", optional, atLeast(0), atMost(1<<31-1)),
		row(schema.Int, "every_epochs", "boxes are found anew after each epoch from the warm-up on that is a multiple of this; 0: init_box remains; without it a fifth of train.epochs", optional, atLeast(0), atMost(1<<31-1)),
		row(schema.Float, "threshold", "how hot a place must be to lie in the box, on a scale of 0 to 1 for each image", def(schema.OfFloat(0.1)), atLeast(0), below(1)),
		row(schema.Floats, "init_box", "box until one is found: top, left, bottom and right edge as shares of height and width", def(schema.OfFloats(0, 0, 1, 1)), atLeast(0), atMost(1)),
		row(schema.String, "heat", "what makes a place hot: the sum over the feature map's channels, their norm for networks whose map may be negative, or the attention of a transformer's class token", def(schema.OfString(HeatSum)), oneOf(HeatSum, HeatNorm, HeatAttention)),
	}}
}

func optimSection() Section {
	return Section{Name: "optim", Doc: "the optimizer and its learning rate over time", Rows: []Row{
		row(schema.String, "name", "optimizer: stochastic gradient descent, LARS (You et al. 2017) or AdamW (Loshchilov and Hutter 2019)", def(schema.OfString("sgd")), oneOf("sgd", "lars", "adamw")),
		row(schema.Float, "base_lr", "peak learning rate at batch 256, scaled linearly to the batch", optional, above(0)),
		row(schema.Float, "lr", "peak learning rate as it is, in place of base_lr", optional, above(0)),
		row(schema.Float, "momentum", "share of the last step that is kept", def(schema.OfFloat(0.9)), atLeast(0), below(1), when("name", "sgd", "lars")),
		row(schema.Bool, "nesterov", "look ahead along the momentum", def(schema.OfBool(false)), when("name", "sgd")),
		row(schema.Floats, "betas", "decay of the first and second moments", def(schema.OfFloats(0.9, 0.999)), atLeast(0), below(1), when("name", "adamw")),
		row(schema.Float, "eps", "added to the root of the second moment", def(schema.OfFloat(1e-8)), above(0), when("name", "adamw")),
		row(schema.Float, "eta", "trust coefficient", def(schema.OfFloat(0.001)), above(0), when("name", "lars")),
		row(schema.Float, "weight_decay", "L2 penalty; decoupled in adamw", def(schema.OfFloat(0)), atLeast(0)),
		row(schema.Float, "final_weight_decay", "where weight_decay goes to by a cosine over all steps; without it, it stays", optional, atLeast(0)),
		row(schema.Float, "clip_grad_norm", "greatest norm of all gradients together; a greater one is scaled down to it", optional, above(0)),
		row(schema.Float, "clip_grad_norm_each", "greatest norm of each parameter's gradient, in place of clip_grad_norm", optional, above(0)),
		row(schema.Bool, "exclude_bias_and_norm", "no decay and no trust ratio for biases and norms", def(schema.OfBool(false)), when("name", "sgd")),
		row(schema.Bool, "exclude_bias_and_norm", "no decay and no trust ratio for biases and norms", def(schema.OfBool(true)), when("name", "lars", "adamw")),
		row(schema.String, "schedule", "the rate after the warm-up", def(schema.OfString("cosine")), oneOf("cosine", "step", "constant")),
		row(schema.Float, "warmup_epochs", "epochs of linear rise from zero", def(schema.OfFloat(0)), atLeast(0)),
		row(schema.Float, "min_lr", "rate at the end", def(schema.OfFloat(0)), atLeast(0), when("schedule", "cosine")),
		row(schema.Ints, "milestones", "epochs at which the rate is multiplied by gamma, rising", atLeast(1), when("schedule", "step")),
		row(schema.Float, "gamma", "factor at each milestone", def(schema.OfFloat(0.1)), above(0), below(1), when("schedule", "step")),
	}}
}

// What activations are stored as.
const (
	F32  = "f32"
	BF16 = "bf16"
)

// By which tiles 3x3 convolutions of float32 may go, where these are faster.
const (
	F2 = "f2" // as exact as direct sums
	F4 = "f4"
)

func trainSection() Section {
	return Section{Name: "train", Doc: "how long, in what portions, and what is kept", Rows: []Row{
		row(schema.Int, "epochs", "passes over the training images", atLeast(1), atMost(1<<31-1)),
		row(schema.Int, "steps", "stop after this many steps; schedules still span the epochs; 0: no cap", def(schema.OfInt(0)), atLeast(0)),
		row(schema.Int, "batch_size", "images a step; an epoch's last, smaller batch is dropped", def(schema.OfInt(256)), atLeast(1), atMost(1<<24)),
		row(schema.String, "precision", "what activations are stored as and products multiply; sums, statistics, parameters and optimizer are f32 always", def(schema.OfString(F32)), oneOf(F32, BF16)),
		row(schema.String, "winograd", "how float32 3x3 convolutions without stride save multiplications: f2 is as exact as the direct sum; f4 takes tiles of 4x4 pixels, is faster still and rounds some five times more", def(schema.OfString(F2)), oneOf(F2, F4)),
		row(schema.Int, "workers", "threads; 0: one a core. Results do not depend on it", def(schema.OfInt(0)), atLeast(0), atMost(4096)),
		row(schema.String, "memory", "most memory of a step, as in 2GB or 512MiB: values are made again in the backward pass rather than kept, with the same results; empty: no bound", def(schema.OfString(""))),
		row(schema.Int, "micro_batch", "images at a time, batch_size a multiple of it: gradients are added up over the batch; 0: all at once", def(schema.OfInt(0)), atLeast(0), atMost(1<<24)),
		row(schema.Int, "checkpoint_every_epochs", "0: at the end only", def(schema.OfInt(1)), atLeast(0)),
		row(schema.Int, "keep_checkpoints", "numbered checkpoints kept beside the last; 0: none", def(schema.OfInt(1)), atLeast(0)),
		row(schema.Int, "log_every_steps", "steps between lines of metrics", def(schema.OfInt(10)), atLeast(1)),
		row(schema.Bool, "check_finite", "stop at the first value that is not finite, naming it", def(schema.OfBool(true))),
	}}
}

// The evaluation protocols.
const (
	KNN    = "knn"
	Linear = "linear"
)

func evalSection() Section {
	return Section{Name: "eval", List: true, Doc: "a probe of the frozen encoder; trained, untrained and raw pixels are told apart by it", Rows: []Row{
		row(schema.String, "protocol", "weighted nearest neighbours (Wu et al. 2018) or a linear classifier", oneOf(KNN, Linear)),
		row(schema.Int, "k", "neighbours that vote", def(schema.OfInt(200)), atLeast(1), when("protocol", KNN)),
		row(schema.Float, "temperature", "weight of a vote: exp(cosine / temperature)", def(schema.OfFloat(0.1)), above(0), when("protocol", KNN)),
		row(schema.Int, "epochs", "passes over the labelled images", def(schema.OfInt(100)), atLeast(1), when("protocol", Linear)),
		row(schema.Float, "lr", "peak learning rate, as it is", def(schema.OfFloat(0.1)), above(0), when("protocol", Linear)),
		row(schema.Int, "batch_size", "images a step", def(schema.OfInt(256)), atLeast(1), atMost(1<<24), when("protocol", Linear)),
		row(schema.Ints, "seeds", "one classifier for each; the mean is reported", def(schema.OfInts(0)), atLeast(0), when("protocol", Linear)),
		row(schema.Int, "every_epochs", "also during training; 0: at the end only", def(schema.OfInt(0)), atLeast(0)),
		row(schema.Int, "train_limit", "labelled images that the probe may use; 0: all", def(schema.OfInt(0)), atLeast(0)),
	}}
}

func without(list []string, not ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(not, s) })
}
