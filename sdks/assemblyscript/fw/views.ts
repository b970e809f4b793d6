// View programs: what one image becomes.

import { Attr, DType, Shape, emit1, fill, trace } from "./trace";
import { Value } from "./value";

function call(callee: string, x: Value, view: i32, result: Shape): Value {
  return emit1("call", [x], [Attr.str("callee", callee), Attr.int("view", view), Attr.of("shape", result)], result);
}

// One of a task's views.
export class View {
  constructor(private index: i32) {}

  // Attaches a known label.
  label(name: string, label: i32): View {
    return this.target(name, fill(new Shape(DType.I32, []), label));
  }

  // Attaches a value computed in the view program.
  target(name: string, x: Value): View {
    trace.output("target." + name + "." + this.index.toString(), x);
    return this;
  }
}

// Traces what one image becomes: crops, transforms, and targets.
export class Views {
  // The sample.
  get image(): Value {
    return trace.input("image", new Shape(DType.Image, []));
  }

  // What the encoder sees, in pixels.
  get size(): i32 {
    return trace.imageSize;
  }

  // Of pictures: 1 or 3.
  get channels(): i32 {
    return trace.channels;
  }

  // Of an augmentation: which of the task's calls it is traced for.
  get index(): i32 {
    return trace.view;
  }

  // What the experiment's crop strategy chooses, resized.
  crop(image: Value, size: i32 = this.size): Value {
    return this.cut(image, call("crop", image, trace.crops++, new Shape(DType.Rect, [])), size);
  }

  // The whole image, resized.
  whole(image: Value): Value {
    return this.cut(image, emit1("image_rect", [image], [], new Shape(DType.Rect, [])), this.size);
  }

  private cut(image: Value, rect: Value, size: i32): Value {
    const attrs = [Attr.int("height", size), Attr.int("width", size), Attr.int("channels", this.channels), Attr.str("interpolation", "bilinear")];
    return emit1("image_crop_resize", [image, rect], attrs, new Shape(DType.U8, [size, size, this.channels]));
  }

  // The experiment's photometric recipe, drawn anew.
  augment(picture: Value): Value {
    return call("augment", picture, trace.augments++, picture.shape);
  }

  // Makes a picture one of the task's views, normalised as the dataset is.
  view(picture: Value): View {
    const s = picture.shape.as(DType.F32);
    const x = emit1("image_to_float", [picture], [], s);
    return this.viewOf(emit1("image_normalize", [x], [], s));
  }

  // Makes numbers one of the task's views as they are.
  viewOf(x: Value): View {
    trace.output("view." + trace.views.toString(), x);
    return new View(trace.views++);
  }

  uniform(lo: f64, hi: f64): Value {
    return emit1("draw_uniform", [], [Attr.float("low", lo), Attr.float("high", hi)], Shape.f32([]));
  }

  bernoulli(p: f64): Value {
    return emit1("draw_bernoulli", [], [Attr.float("p", p)], new Shape(DType.Bool, []));
  }

  intn(n: i32): Value {
    return emit1("draw_int", [], [Attr.int("n", n)], new Shape(DType.I32, []));
  }

  // torchvision's ColorJitter.
  colorJitter(picture: Value, brightness: f64, contrast: f64, saturation: f64, hue: f64): Value {
    const by = [brightness, contrast, saturation], operands: Value[] = [];
    for (let i = 0; i < 3; i++) operands.push(this.uniform(max(0.0, 1.0 - by[i]), 1.0 + by[i]));
    operands.push(this.uniform(-hue, hue));
    operands.push(emit1("draw_permutation", [], [Attr.int("n", 4)], new Shape(DType.I32, [4])));
    return picture.picture("image_color_jitter", operands);
  }
}
