"""convnet is a small convolutional network: stages of a 3x3 convolution, BatchNorm and ReLU,
each at half the size and twice the channels of the one before."""

import fw


@fw.backbone("mine/convnet", "1.0.0")
class ConvNet:
    """convolution, BatchNorm and ReLU at half the size, again and again"""

    width = fw.Int(32, "channels of the first stage", at_least=1, at_most=1024)
    stages = fw.Int(3, "number of stages", at_least=1, at_most=6)

    def stage(self, s, name, x):
        """The features f32[N,D] of images f32[N,H,W,C], or with "map" those of each place,
        f32[N,h,w,D]."""
        if name not in ("map", "pooled"):
            fw.fail(f'this network has the stages map and pooled, not "{name}"')
        for i in range(self.stages):
            x = s.convolution(f"stage{i}.conv", x, self.width << i, 3, stride=2, pad=1)
            x = s.batch_norm(f"stage{i}.bn", x, s.training).relu()
        return x if name == "map" else x.mean(1, 2)


fw.serve(ConvNet)
