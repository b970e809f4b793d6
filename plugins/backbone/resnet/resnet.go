// Package resnet is the residual network of He et al. (2015), with torchvision's
// parameter names; activations are NHWC, weights OIHW as torchvision's.
package resnet

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type resnet struct {
	depth, width, stages int
	stem, front          string
}

// Plugin declares the network.
func Plugin() *sdk.Plugin {
	r := &resnet{}
	p := sdk.Backbone("fw/resnet", "1.0.0", r).
		Doc("ResNet-18, 34 or 50 (He et al. 2015) with torchvision's parameter names")
	p.Int(&r.depth, "depth", 18, "10 (one block a stage), 18, 34 or 50 layers")
	p.Int(&r.width, "width", 64, "channels of the first stage; each stage doubles them", sdk.Between(1, 1024))
	p.Int(&r.stages, "stages", 4, "number of stages", sdk.Between(1, 4))
	p.String(&r.stem, "stem", "imagenet", "imagenet: 7x7 stride 2 and max-pool; cifar: 3x3 stride 1, no pool", sdk.OneOf("imagenet", "cifar"))
	p.String(&r.front, "front", "pixels", "what the first convolution sees: pixels; gray, the mean of the channels, as for colorization; or sobel, the two gradients of that mean, as DeepCluster's networks do", sdk.OneOf("pixels", "gray", "sobel"))
	return p
}

var blocks = map[int][]int{10: {1, 1, 1, 1}, 18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}}

func (r *resnet) Stage(n *sdk.Net, stage string, x sdk.Value) sdk.Value {
	counts := blocks[r.depth]
	if counts == nil {
		n.Fail("depth: expected 10, 18, 34 or 50, found " + strconv.Itoa(r.depth))
	}
	if stage != "pooled" && stage != "map" {
		n.Lacks(stage, "map", "pooled")
	}
	switch r.front {
	case "gray":
		x = x.MeanKeep(3)
	case "sobel":
		x = sobel(n, x)
	}
	if r.stem == "cifar" {
		x = r.conv(n, "conv1", "bn1", r.width, 3, sdk.Square(1, 1))("", x).Relu()
	} else {
		x = r.conv(n, "conv1", "bn1", r.width, 7, sdk.Square(2, 3))("", x).Relu().MaxPool(3, 2, 1)
	}
	for s := range r.stages {
		for i := range counts[s] {
			stride := 1
			if s > 0 && i == 0 {
				stride = 2
			}
			name := "layer" + strconv.Itoa(s+1) + "." + strconv.Itoa(i)
			x = r.block(n, name, x, r.width<<s, stride)
		}
	}
	if stage == "map" {
		return x
	}
	return x.Mean(1, 2)
}

// conv is a convolution and its BatchNorm.
func (r *resnet) conv(n *sdk.Net, conv, bn string, out, k int, c sdk.Conv) sdk.Layer {
	return sdk.Chain(sdk.Convolution(conv, out, k, c), sdk.BatchNorm(bn, n.Training, true))
}

// block is a basic block, or from depth 50 on a bottleneck; the stride is on the 3x3 convolution.
func (r *resnet) block(n *sdk.Net, name string, x sdk.Value, width, stride int) sdk.Value {
	out := width
	y := x
	at := func(i int) (string, string) {
		return name + ".conv" + strconv.Itoa(i), name + ".bn" + strconv.Itoa(i)
	}
	add := func(i, out, k int, c sdk.Conv, relu bool) {
		conv, bn := at(i)
		y = r.conv(n, conv, bn, out, k, c)("", y)
		if relu {
			y = y.Relu()
		}
	}
	if r.depth >= 50 {
		out = 4 * width
		add(1, width, 1, sdk.Square(1, 0), true)
		add(2, width, 3, sdk.Square(stride, 1), true)
		add(3, out, 1, sdk.Square(1, 0), false)
	} else {
		add(1, width, 3, sdk.Square(stride, 1), true)
		add(2, width, 3, sdk.Square(1, 1), false)
	}
	if stride != 1 || x.Dim(-1) != out {
		x = r.conv(n, name+".downsample.0", name+".downsample.1", out, 1, sdk.Square(stride, 0))("", x)
	}
	return y.Add(x).Relu()
}

// sobel is the horizontal and vertical gradients of the mean channel: f32[N,H,W,C]
// to f32[N,H,W,2].
func sobel(n *sdk.Net, x sdk.Value) sdk.Value {
	kernels := n.Constant(sdk.Dims(2, 1, 3, 3), []float64{
		1, 0, -1, 2, 0, -2, 1, 0, -1,
		1, 2, 1, 0, 0, 0, -1, -2, -1})
	return x.MeanKeep(3).Conv(kernels, sdk.Square(1, 1))
}
