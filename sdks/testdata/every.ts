// The twin of everyTask in every_test.go.

import { Augment, Backbone, DType, Loss, Params, Pretext, Shape, Step, Value, Views, above, atLeast, below, between, choice, concat, constant, emit, fill, iota, scalar, serve } from "./fw";
export { fw_abi_v1, fw_alloc, fw_call } from "./fw/serve";

class Every extends Pretext {
  fail: i32 = 0;

  params(p: Params): void {
    this.fail = p.int("fail", 0, "1: a mistake in the trace, 2: a panic", between(0, 2));
  }

  views(v: Views): void {
    let img = v.augment(v.crop(v.image));
    const toss = v.bernoulli(0.5);
    img = toss.select(img.picture("image_flip_horizontal"), img);
    img = v.colorJitter(img, 0.4, 0.4, 1.2, 0.1);
    img = img.picture("image_gaussian_blur", [v.uniform(0.1, 2)]).picture("image_grayscale");
    v.view(img.rotate90(1)).label("which", 7);
    v.view(v.crop(v.image, 4)).target("which", v.intn(9));
    const whole = v.whole(v.image);
    v.viewOf(emit("image_to_float", [whole], [], [whole.shape.as(DType.F32)])[0]);
  }

  objective(s: Step): Value {
    if (this.fail == 2) throw new Error("on purpose"); // panic
    const n = s.batch;
    const h = s.backbone("pooled", s.view(0), "online");
    if (this.fail == 1) h.add(s.views(1)); // mistake
    let y = s.batchNorm("b", s.linear("a", h, 6, false));
    y = s.batchNorm("c", y, false, false).relu();
    y = y.abs().neg().exp().log().sqrt().rsqrt().tanh().sigmoid().softmax().stopGradient();

    const row = constant(Shape.f32([1, 6]), [1, -2, 0.5, 3, 1.0 / 3.0, 1e-3]);
    y = (((y + row - row) * row) / row).max(row).min(row);
    y = y.scale(0.1).addConst(2).maxConst(-1).minConst(7).square();
    y = y.compare("LT", row).select(y, row);
    y = y.compareConst("GT", 0.25).select(y, scalar(0));
    y = concat(1, [y, y.reverse(1)]).slice(1, 2, -1);
    y = y.reshape([n, 3, -1]).transpose([2, 0, 1]);
    y = y.t().sum(0) - y.meanKeep(1).reshape([3, 3]).reduce("maximum", 0);
    y = y.t().matmul(y) - y.t().dot(y, 1, 0).maxKeep(1);
    y = y.maskDiagonal().l2Normalize(-1);

    const which = s.target("which").slice(0, 0, n);
    const hot = which.mod(3).oneHot(3).broadcastInDim([n, 2, 3], [0, 2]).mean(1);
    const rows = hot.take(0, hot.argmax(1).add(iota(n)).mod(n)).logSoftmax();
    const picked = rows.crossEntropy(which.mod(3)).sumKeep(0);

    const centre = s.state("centre", "constant", [0.5], Shape.f32([3]));
    s.assign("centre", centre.scale(0.9) + rows.mean(0).scale(0.1));
    const share = s.context("step").float() / s.context("steps").float();
    s.ema("online", "online_ema", share, true);
    const w = s.param("w", "normal", [0, 0.02], [3]);
    s.metric("train/w", (w * centre).sum());
    return s.loss([y + picked.reshape([1, 1]), which]);
  }
}

class Masked extends Loss {
  how: string = "";
  on: bool = false;
  weights: f64[] = [];
  shifts: i64[] = [];

  params(p: Params): void {
    this.how = p.text("kind", "mean", "sum or mean", choice("mean").concat(choice("sum")));
    this.on = p.bool("on", true, "whether the weights count");
    this.weights = p.floats("weights", [1, 0.5], "factors", above(0).concat(below(100)));
    this.shifts = p.ints("shifts", [-1, 300], "summands", atLeast(-2));
  }

  loss(inputs: Value[]): Value {
    let x = (inputs[0] - inputs[1]).square().sum(2) * inputs[2];
    for (let i = 0; this.on && i < this.weights.length; i++) x = x.scale(this.weights[i]);
    for (let i = 0; i < this.shifts.length; i++) x = x.addConst(<f64>this.shifts[i]);
    return this.how == "sum" ? x.sum() : x.mean();
  }
}

class Recipe extends Augment {
  augment(v: Views, picture: Value): Value {
    if (v.index == 1) return picture.picture("image_solarize", [fill(new Shape(DType.I32, []), 128)]);
    return picture.picture("image_brightness", [v.uniform(0.6, 1.4)]);
  }
}

class Net extends Backbone {
  stage(s: Step, stage: string, x: Value): Value {
    x = s.convolution("conv1", x, 8, 3, 2, 1);
    x = s.maxPool(s.batchNorm("bn1", x, s.training).relu(), 3, 2, 1);
    return stage == "map" ? x : x.reshape([x.dim(0), -1, x.dim(3)]).mean(1);
  }
}

serve(new Every("test/every", "0.1.0", "classify"));
serve(new Masked("test/masked", "0.1.0", "reconstruct"));
serve(new Recipe("test/recipe", "0.1.0"));
serve(new Net("test/net", "0.1.0"));
