// Plugins: what an author declares, and how a trace is answered.

import { Params } from "./params";
import { Step } from "./step";
import { Shape, Signature, Trace, begin, fail, trace } from "./trace";
import { Value } from "./value";
import { Views } from "./views";
import { Reader, Writer, fault } from "./wire";

export let plugins: Plugin[] = [];

// serve adds a plugin to those of the module.
export function serve(p: Plugin): void {
  plugins.push(p);
}

// One declared plugin.
export abstract class Plugin {
  description: string = "";
  private defaultLoss: string = "";
  private defaultCrop: string = "";
  private defaultAugment: string = "";

  constructor(public id: string, public version: string, public kind: string, public style: string, public signature: string) {}

  // An author's declarations, run to describe and before each call.
  params(p: Params): void {}

  // One sentence, with its source.
  doc(s: string): Plugin {
    this.description = s;
    return this;
  }

  // Of a pretext task: the loss, crop and augmentation it is published with.
  defaults(loss: string, crop: string, augment: string): Plugin {
    this.defaultLoss = loss;
    this.defaultCrop = crop;
    this.defaultAugment = augment;
    return this;
  }

  describe(w: Writer): void {
    const params = new Params(this.id);
    this.params(params);
    w.text(1, this.id);
    w.text(2, this.kind);
    w.text(3, this.version);
    w.text(4, this.description);
    w.append(params.described);
    w.text(6, this.signature);
    w.text(7, this.defaultLoss);
    w.text(8, this.defaultCrop);
    w.text(9, this.defaultAugment);
    w.text(10, this.style);
  }

  // Each gives "", or the text of an error.
  crops(r: Reader, reply: Writer): string {
    return this.id + " is no crop";
  }

  traces(r: Reader, reply: Writer): string {
    return this.id + " traces nothing";
  }
}

abstract class Traced extends Plugin {
  abstract run(t: Trace): void;

  traces(r: Reader, reply: Writer): string {
    const params = new Params(this.id), t = begin();
    read(r, t, params);
    if (fault.length > 0) return fault;
    this.params(params);
    const refusal = params.end();
    if (refusal.length > 0) return refusal;
    this.run(t);
    if (t.mistake.length > 0) return t.mistake;
    const need = t.need;
    if (need) {
      const at = reply.open(2);
      reply.text(1, need.callee);
      for (let i = 0; i < need.operands.length; i++) reply.shape(2, need.operands[i]);
      reply.close(at);
    } else t.program(reply);
    return "";
  }
}

// A loss of a signature (contrast, classify, predict ...; docs/abi.md has their inputs).
export abstract class Loss extends Traced {
  constructor(id: string, version: string, signature: string) {
    super(id, version, "loss", "trace", signature);
  }

  abstract loss(inputs: Value[]): Value;

  run(t: Trace): void {
    const names = inputNames(this.signature), values: Value[] = [];
    if (names.length != t.inputShapes.length) {
      fail("a loss of signature " + this.signature + " takes " + names.length.toString() + " inputs, found " + t.inputShapes.length.toString());
      return;
    }
    for (let i = 0; i < names.length; i++) values.push(t.input(names[i], t.inputShapes[i]));
    t.output("loss", this.loss(values));
  }
}

function inputNames(signature: string): string[] {
  if (signature == "contrast") return ["z1", "z2"];
  if (signature == "lookup") return ["queries", "keys", "negatives"];
  if (signature == "instance") return ["features", "bank", "instances"];
  if (signature == "group") return ["embeddings", "groups"];
  if (signature == "classify") return ["logits", "labels"];
  if (signature == "match") return ["logits", "targets"];
  if (signature == "predict") return ["prediction", "target"];
  if (signature == "distill") return ["student", "teacher"];
  if (signature == "reconstruct") return ["prediction", "target", "mask"];
  if (signature == "unmask") return ["logits", "tokens", "mask"];
  return [];
}

// A pretext task: what is seen, and what is asked. The objective is the loss, f32[].
export abstract class Pretext extends Traced {
  constructor(id: string, version: string, signature: string) {
    super(id, version, "pretext", "trace", signature);
  }

  abstract views(v: Views): void;
  abstract objective(s: Step): Value;

  run(t: Trace): void {
    if (t.func == "views") {
      const v = new Views();
      v.image;
      this.views(v);
    } else if (t.func == "objective" && t.batch < 1) fail("expected a batch of 1 image or more, found " + t.batch.toString());
    else if (t.func == "objective") {
      for (let i = 0; i < t.inputNames.length; i++) t.input(t.inputNames[i], t.inputShapes[i]);
      t.output("loss", this.objective(new Step()));
    } else fail('a pretext task has no function "' + t.func + '"');
  }
}

// An augmentation: a picture u8[H,W,C] to one of the same size.
export abstract class Augment extends Traced {
  constructor(id: string, version: string) {
    super(id, version, "augment", "trace", "");
  }

  abstract augment(v: Views, picture: Value): Value;

  run(t: Trace): void {
    if (t.inputShapes.length != 1) fail("an augmentation takes one picture");
    else t.output("image", this.augment(new Views(), t.input("image", t.inputShapes[0])));
  }
}

// A network with named stages (map, pooled; embed, encode), of an input f32[N,H,W,C].
export abstract class Backbone extends Traced {
  constructor(id: string, version: string) {
    super(id, version, "backbone", "trace", "");
  }

  abstract stage(s: Step, stage: string, x: Value): Value;

  run(t: Trace): void {
    if (t.inputShapes.length != 1) fail("a stage takes one input, found " + t.inputShapes.length.toString());
    else t.output("y", this.stage(new Step(), t.func, t.input("x", t.inputShapes[0])));
  }
}

function read(r: Reader, t: Trace, params: Params): void {
  while (r.next()) {
    if (r.field == 2) t.func = r.text();
    if (r.field == 3) params.read(r.inner());
    if (r.field == 4) {
      const port = r.inner(), i = t.inputNames.length;
      t.inputNames.push("");
      t.inputShapes.push(Shape.f32([]));
      while (port.next()) {
        if (port.field == 1) t.inputNames[i] = port.text();
        if (port.field == 2) t.inputShapes[i] = port.shape();
      }
    }
    if (r.field == 5) {
      const signature = r.inner(), s = new Signature();
      while (signature.next()) {
        if (signature.field == 1) s.callee = signature.text();
        if (signature.field == 2) s.operands.push(signature.shape());
        if (signature.field == 3) s.result = signature.shape();
      }
      t.known.push(s);
    }
    if (r.field == 6) t.training = r.uint() != 0;
    if (r.field == 7) t.view = <i32>r.uint();
    if (r.field == 8) t.samples = <i32>r.uint();
    if (r.field == 9) t.channels = <i32>r.uint();
    if (r.field == 10) t.imageSize = <i32>r.uint();
    if (r.field == 11) t.batch = <i32>r.uint();
    if (r.field == 12) t.normGroups = <i32>r.uint();
  }
}
