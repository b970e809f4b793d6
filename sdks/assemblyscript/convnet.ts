// convnet is a small convolutional network: stages of a 3x3 convolution, BatchNorm and
// ReLU, each at half the size and twice the channels of the one before.

import { Backbone, Params, Step, Value, between, fail, serve } from "./fw";
export { fw_abi_v1, fw_alloc, fw_call } from "./fw/serve";

class ConvNet extends Backbone {
  width: i32 = 0;
  stages: i32 = 0;

  params(p: Params): void {
    this.width = p.int("width", 32, "channels of the first stage", between(1, 1024));
    this.stages = p.int("stages", 3, "number of stages", between(1, 6));
  }

  // The features f32[N,D] of images f32[N,H,W,C], or with "map" those of each place,
  // f32[N,h,w,D].
  stage(s: Step, stage: string, x: Value): Value {
    if (stage != "map" && stage != "pooled") {
      fail('this network has the stages map and pooled, not "' + stage + '"');
      return x;
    }
    for (let i = 0; i < this.stages; i++) {
      const name = "stage" + i.toString();
      x = s.convolution(name + ".conv", x, this.width << i, 3, 2, 1);
      x = s.batchNorm(name + ".bn", x, s.training).relu();
    }
    return stage == "map" ? x : x.meanOver([1, 2]);
  }
}

serve(new ConvNet("mine/convnet", "1.0.0")
  .doc("convolution, BatchNorm and ReLU at half the size, again and again"));
