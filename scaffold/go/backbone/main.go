// Command starter is a small convolutional network: stages of a 3x3 convolution,
// BatchNorm and ReLU, each at half the size and twice the channels of the one before.
package main

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type convnet struct{ width, stages int }

// Stage is the features f32[N,D] of images f32[N,H,W,C], or with "map" those of each
// place, f32[N,h,w,D].
func (c *convnet) Stage(n *sdk.Net, stage string, x sdk.Value) sdk.Value {
	if stage != "pooled" && stage != "map" {
		n.Fail("this network has the stages map and pooled, not " + strconv.Quote(stage))
	}
	for i := range c.stages {
		name := "stage" + strconv.Itoa(i)
		x = sdk.Convolution(name+".conv", c.width<<i, 3, sdk.Square(2, 1)).Apply(x)
		x = sdk.BatchNorm(name+".bn", n.Training, true).Apply(x).Relu()
	}
	if stage == "map" {
		return x
	}
	return x.Mean(1, 2)
}

func plugin() *sdk.Plugin {
	c := &convnet{}
	p := sdk.Backbone("mine/starter", "0.1.0", c).Doc("convolution, BatchNorm and ReLU at half the size, again and again")
	p.Int(&c.width, "width", 32, "channels of the first stage", sdk.Between(1, 1024))
	p.Int(&c.stages, "stages", 3, "number of stages", sdk.Between(1, 6))
	return p
}

func main() { plugin().Serve() }
