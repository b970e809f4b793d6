// A trace: calls on values become the instructions of a function, kept as the bytes of
// their message. Any op of docs/abi.md can be emitted; Value has methods for most.

import { Value } from "./value";
import { Writer } from "./wire";

export enum DType {
  Invalid,
  F32,
  BF16,
  I32,
  U32,
  U8,
  Bool,
  Image,
  Rect,
}

export const dtypes: string[] = ["invalid", "f32", "bf16", "i32", "u32", "u8", "bool", "image", "rect"];
const sizes: i32[] = [0, 4, 2, 4, 4, 1, 1, 0, 0];

export function dtypeNamed(name: string): DType {
  return max(0, dtypes.indexOf(name));
}

// Of reductions: over everything.
export const ALL = i32.MAX_VALUE;

// An element type and dimensions, written f32[512,128].
export class Shape {
  constructor(public dtype: DType, public dims: i32[]) {}

  static f32(dims: i32[]): Shape {
    return new Shape(DType.F32, dims);
  }

  get rank(): i32 {
    return this.dims.length;
  }

  get size(): i32 {
    let n = 1;
    for (let i = 0; i < this.dims.length; i++) n *= this.dims[i];
    return n;
  }

  like(dims: i32[]): Shape {
    return new Shape(this.dtype, dims);
  }

  as(dtype: DType): Shape {
    return new Shape(dtype, this.dims);
  }

  equal(s: Shape): bool {
    return this.dtype == s.dtype && sameDims(this.dims, s.dims);
  }

  sound(): bool {
    let n: i64 = 1;
    for (let i = 0; i < this.dims.length; i++) {
      const d = <i64>this.dims[i];
      if (d < 1 || d > ((<i64>1) << 34) / n) return false;
      n *= d;
    }
    return this.dims.length <= 8;
  }

  toString(): string {
    return dtypes[this.dtype] + "[" + this.dims.join(",") + "]";
  }
}

export function sameDims(a: i32[], b: i32[]): bool {
  if (a.length != b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] != b[i]) return false;
  return true;
}

enum Kind {
  Int = 1,
  Ints,
  Float,
  Floats,
  Text,
  Shape,
  Bytes,
}

// An argument of an instruction that is known when tracing.
export class Attr {
  private x: f64 = 0;
  private ints: i64[] = [];
  private floats: f64[] = [];
  private text: string = "";
  private shape: Shape = new Shape(DType.Invalid, []);
  private bytes: Writer = new Writer();

  constructor(public name: string, private kind: Kind) {}

  static int(name: string, x: i64): Attr {
    const a = new Attr(name, Kind.Int);
    a.ints.push(x);
    return a;
  }
  static ints(name: string, x: i32[]): Attr {
    const a = new Attr(name, Kind.Ints);
    for (let i = 0; i < x.length; i++) a.ints.push(x[i]);
    return a;
  }
  static float(name: string, x: f64): Attr {
    const a = new Attr(name, Kind.Float);
    a.x = x;
    return a;
  }
  static floats(name: string, x: f64[]): Attr {
    const a = new Attr(name, Kind.Floats);
    a.floats = x;
    return a;
  }
  static str(name: string, x: string): Attr {
    const a = new Attr(name, Kind.Text);
    a.text = x;
    return a;
  }
  static of(name: string, s: Shape): Attr {
    const a = new Attr(name, Kind.Shape);
    a.shape = s;
    return a;
  }
  static blob(name: string, x: Writer): Attr {
    const a = new Attr(name, Kind.Bytes);
    a.bytes = x;
    return a;
  }

  put(w: Writer): void {
    const at = w.open(4);
    w.text(1, this.name);
    w.uint(2, this.kind);
    if (this.kind == Kind.Int) w.sint(3, this.ints[0]);
    if (this.kind == Kind.Ints) w.ints(4, this.ints);
    w.double(5, this.x);
    w.doubles(6, this.floats);
    w.text(7, this.text);
    if (this.kind == Kind.Shape) w.shape(8, this.shape);
    w.blob(9, this.bytes.start, this.bytes.n);
    w.close(at);
  }
}

// A callee with its operands' shapes and, once known, its result's.
export class Signature {
  callee: string = "";
  operands: Shape[] = [];
  result: Shape = new Shape(DType.Invalid, []);
}

// What is traced, and the request for it.
export class Trace {
  plugin: string = "";
  func: string = "";
  inputNames: string[] = [];
  inputShapes: Shape[] = [];
  known: Signature[] = [];
  view: i32 = 0;
  samples: i32 = 0;
  channels: i32 = 0;
  imageSize: i32 = 0;
  batch: i32 = 0;
  training: bool = false;
  normGroups: i32 = 0;

  inputs: Writer = new Writer();
  named: string[] = []; // inputs declared so far: values 0, 1 ...
  instructions: Writer = new Writer();
  outputs: Writer = new Writer();
  shapes: Shape[] = [];
  mistake: string = ""; // the first
  need: Signature | null = null; // a callee whose result's shape is not known yet
  crops: i32 = 0;
  augments: i32 = 0;
  views: i32 = 0;

  get failed(): bool {
    return this.mistake.length > 0 || this.need != null;
  }

  valid(v: Value): bool {
    return v.id >= 0 && v.id < this.shapes.length;
  }

  defined(s: Shape): Value {
    this.shapes.push(s);
    return new Value(this.shapes.length - 1);
  }

  // Declares an input, or finds it by its name.
  input(name: string, s: Shape): Value {
    const i = this.named.indexOf(name);
    if (i >= 0) return new Value(i);
    const at = this.inputs.open(2);
    this.inputs.text(1, name);
    this.inputs.shape(2, s);
    this.inputs.close(at);
    this.named.push(name);
    return this.defined(s);
  }

  output(name: string, v: Value): void {
    if (!this.valid(v)) fail("output " + name + " is no value of this function");
    if (this.failed) return;
    const at = this.outputs.open(4);
    this.outputs.text(1, name);
    this.outputs.uint(2, v.id);
    this.outputs.close(at);
  }

  // The reply's program.
  program(w: Writer): void {
    const program = w.open(1);
    w.uint(1, 1); // version
    const at = w.open(2);
    w.text(1, this.func);
    w.append(this.inputs);
    w.append(this.instructions);
    w.append(this.outputs);
    w.close(at);
    w.close(program);
  }
}

export let trace: Trace = new Trace();

export function begin(): Trace {
  trace = new Trace();
  return trace;
}

// fail keeps a mistake of the author's own finding.
export function fail(text: string): void {
  if (!trace.failed) trace.mistake = text;
}

// Adds an instruction with the shapes of its results, which the host checks against the
// table of ops. The compiler knows no places of calls, so it carries none.
export function emit(op: string, operands: Value[], attrs: Attr[], results: Shape[]): Value[] {
  for (let i = 0; i < operands.length; i++) if (!trace.valid(operands[i])) fail(op + ": operand " + i.toString() + " is no value of this function");
  for (let i = 0; i < results.length; i++) if (!results[i].sound()) fail(op + ": " + results[i].toString() + " has a dimension below 1 or too many elements");
  const out: Value[] = [];
  if (trace.failed) {
    for (let i = 0; i < results.length; i++) out.push(new Value(-1));
    return out;
  }
  attrs.sort((a, b) => (a.name < b.name ? -1 : 1));
  const w = trace.instructions, at = w.open(3);
  w.text(1, op);
  if (operands.length > 0) {
    const ids = w.open(2);
    for (let i = 0; i < operands.length; i++) w.varint(operands[i].id);
    w.close(ids);
  }
  for (let i = 0; i < results.length; i++) {
    w.shape(3, results[i]);
    out.push(trace.defined(results[i]));
  }
  for (let i = 0; i < attrs.length; i++) attrs[i].put(w);
  w.close(at);
  return out;
}

export function emit1(op: string, operands: Value[], attrs: Attr[], result: Shape): Value {
  return emit(op, operands, attrs, [result])[0];
}

// The bytes of x in an element type.
function element(w: Writer, d: DType, x: f64): void {
  let bits = d == DType.I32 ? <u32>(<i32>x) : <u32>x;
  if (d == DType.F32 || d == DType.BF16) bits = reinterpret<u32>(<f32>x);
  if (d == DType.BF16) bits = (bits & 0x7f800000) == 0 ? (bits >> 16) & 0x8000 : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  for (let i = 0; i < sizes[d]; i++) w.byte(<u8>(bits >> (8 * i)));
}

// A constant of shape s with every element x.
export function fill(s: Shape, x: f64): Value {
  const b = new Writer();
  element(b, s.dtype, x);
  return emit1("constant", [], [Attr.of("shape", s), Attr.blob("value", b)], s);
}

// The f32[] constant x.
export function scalar(x: f64): Value {
  return fill(Shape.f32([]), x);
}

// A tensor known when tracing.
export function constant(s: Shape, elements: f64[]): Value {
  if (elements.length != s.size) fail("constant " + s.toString() + " needs " + s.size.toString() + " elements, found " + elements.length.toString());
  const b = new Writer();
  for (let i = 0; i < elements.length; i++) element(b, s.dtype, elements[i]);
  return emit1("constant", [], [Attr.of("shape", s), Attr.blob("value", b)], s);
}

// i32 0, 1 ... n-1.
export function iota(n: i32): Value {
  return iotaOf(new Shape(DType.I32, [n]), 0);
}

// Counts along one dimension of s.
export function iotaOf(s: Shape, dim: i32): Value {
  return emit1("iota", [], [Attr.of("shape", s), Attr.int("dim", dim)], s);
}
