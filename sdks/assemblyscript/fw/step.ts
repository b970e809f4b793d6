// Objectives: parameters, states, and the other plugins of an experiment.

import { Attr, DType, Shape, Signature, emit, emit1, fail, fill, trace } from "./trace";
import { Value } from "./value";

function kept(op: string, name: string, init: string, args: f64[], s: Shape): Value {
  return emit1(op, [], [Attr.of("shape", s), Attr.str("name", name), Attr.str("init", init), Attr.floats("args", args)], s);
}

// Traces a task's objective over a batch.
export class Step {
  // Of a backbone: whether statistics are of the batch, or frozen.
  get training(): bool {
    return trace.training;
  }

  // The number of images in a step.
  get batch(): i32 {
    return trace.batch;
  }

  // The number of images in the training set.
  get samples(): i32 {
    return trace.samples;
  }

  private input(name: string): Value {
    const i = trace.inputNames.indexOf(name);
    if (i >= 0) return trace.input(name, trace.inputShapes[i]);
    fail("the view program gives no " + name);
    return new Value(-1);
  }

  // All views of the i-th size, view by view: f32[V*B,H,W,C].
  views(i: i32 = 0): Value {
    return this.input("views." + i.toString());
  }

  // The i-th view of the whole batch: f32[B,H,W,C].
  view(i: i32): Value {
    for (let g = 0; !trace.failed; g++) {
      const all = this.views(g), n = all.dim(0) / max(1, this.batch);
      if (i < n) return all.slice(0, i * this.batch, (i + 1) * this.batch);
      i -= n;
    }
    return new Value(-1);
  }

  // What the views were labelled with, view by view.
  target(name: string): Value {
    return this.input("target." + name);
  }

  // A trainable parameter; init and its args are those of the op param.
  param(name: string, init: string, args: f64[], dims: i32[]): Value {
    return kept("param", name, init, args, Shape.f32(dims));
  }

  // A value kept between steps.
  state(name: string, init: string, args: f64[], s: Shape): Value {
    return kept("state", name, init, args, s);
  }

  // Makes x the value of a state from here on.
  assign(state: string, x: Value): void {
    emit("assign", [x], [Attr.str("name", state)], []);
  }

  // Makes module target the moving average of module source.
  ema(source: string, target: string, momentum: Value, before: bool): void {
    emit("ema", [momentum], [Attr.str("source", source), Attr.str("target", target), Attr.int("before", before ? 1 : 0)], []);
  }

  // Logs a scalar.
  metric(name: string, x: Value): void {
    emit("metric", [x], [Attr.str("name", name)], []);
  }

  // step or steps: the number of updates done, and of the whole run, i32[].
  context(name: string): Value {
    return emit1("context", [], [Attr.str("name", name)], new Shape(DType.I32, []));
  }

  // Another plugin's function, its parameters under the module scope.
  call(callee: string, scope: string, operands: Value[]): Value {
    let result = new Shape(callee == "loss" ? DType.F32 : DType.Invalid, []);
    for (let i = 0; i < trace.known.length; i++) {
      const k = trace.known[i];
      let same = k.callee == callee && k.operands.length == operands.length;
      for (let j = 0; same && j < operands.length; j++) same = k.operands[j].equal(operands[j].shape);
      if (same) result = k.result;
    }
    if (result.dtype == DType.Invalid) {
      const need = new Signature();
      need.callee = callee;
      for (let i = 0; i < operands.length; i++) need.operands.push(operands[i].shape);
      if (!trace.failed) trace.need = need;
    }
    const attrs = [Attr.str("callee", callee), Attr.of("shape", result)];
    if (scope.length > 0) attrs.push(Attr.str("scope", scope));
    return emit1("call", operands, attrs, result);
  }

  // The experiment's loss.
  loss(operands: Value[]): Value {
    return this.call("loss", "loss", operands);
  }

  // A stage of the experiment's network: pooled is f32[N,H,W,C] to f32[N,D].
  backbone(stage: string, x: Value, scope: string = ""): Value {
    return this.call("backbone." + stage, scope.length > 0 ? scope + ".backbone" : "backbone", [x]);
  }

  // torch.nn.Linear with its initialisation: name.weight [out,in] and name.bias [out].
  linear(name: string, x: Value, out: i32, bias: bool = true): Value {
    const inputs = x.dim(-1), bound = 1.0 / sqrt<f64>(inputs);
    const w = this.param(name + ".weight", "uniform", [-bound, bound], [out, inputs]);
    const y = x.dot(w, -1, 1);
    return bias ? y.add(this.param(name + ".bias", "uniform", [-bound, bound], [out])) : y;
  }

  // torch.nn.BatchNorm over all but the last dimension.
  batchNorm(name: string, x: Value, training: bool = true, affine: bool = true): Value {
    const c = x.dim(-1), s = Shape.f32([c]), groups = max(1, trace.normGroups);
    let scale = fill(s, 1), offset = fill(s, 0);
    if (affine) {
      scale = this.param(name + ".weight", "constant", [1], [c]);
      offset = this.param(name + ".bias", "constant", [0], [c]);
    }
    const mean = this.state(name + ".running_mean", "constant", [0], s), variance = this.state(name + ".running_var", "constant", [1], s);
    const epsilon = Attr.float("epsilon", 1e-5);
    if (!training) return emit1("batch_norm_inference", [x, scale, offset, mean, variance], [epsilon], x.shape);
    const statistics = groups > 1 ? Shape.f32([groups, c]) : s;
    const out = emit("batch_norm_training", [x, scale, offset], [epsilon, Attr.int("groups", groups)], [x.shape, statistics, statistics]);
    const m = groups > 1 ? out[1].mean(0) : out[1], v = groups > 1 ? out[2].mean(0) : out[2];
    const n = <f64>(x.size / c / groups), keptMean = mean.scale(0.9);
    this.assign(name + ".running_mean", keptMean.add(m.scale(0.1)));
    const keptVariance = variance.scale(0.9);
    this.assign(name + ".running_var", keptVariance.add(v.scale((0.1 * n) / max(1.0, n - 1.0))));
    return out[0];
  }

  // A convolution without bias, name.weight [out,C,k,k], initialised as He et al. (2015).
  convolution(name: string, x: Value, out: i32, k: i32, stride: i32, pad: i32): Value {
    const w = this.param(name + ".weight", "normal", [0, sqrt<f64>(2.0 / <f64>(k * k * out))], [out, x.dim(-1), k, k]);
    const attrs = [Attr.ints("stride", [stride, stride]), Attr.ints("padding", [pad, pad, pad, pad]), Attr.ints("dilation", [1, 1]), Attr.int("groups", 1)];
    return emit1("convolution", [x, w], attrs, windows("convolution", x, k, stride, pad, out));
  }

  // The maximum of k by k windows of f32[B,H,W,C].
  maxPool(x: Value, k: i32, stride: i32, pad: i32): Value {
    const attrs = [Attr.ints("window", [k, k]), Attr.ints("stride", [stride, stride]), Attr.ints("padding", [pad, pad, pad, pad]), Attr.str("kind", "maximum")];
    return emit1("reduce_window", [x], attrs, windows("reduce_window", x, k, stride, pad, x.dim(-1)));
  }
}

// What windows of k leave of f32[B,H,W,C], with c channels.
function windows(op: string, x: Value, k: i32, stride: i32, pad: i32, c: i32): Shape {
  const d = x.shape.dims;
  if (d.length != 4) {
    fail(op + ": expected f32[B,H,W,C], found " + x.shape.toString());
    return x.shape;
  }
  return Shape.f32([d[0], (d[1] + 2 * pad - k) / stride + 1, (d[2] + 2 * pad - k) / stride + 1, c]);
}
