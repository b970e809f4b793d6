// Operations on values: a few instructions each, with the rules of their shapes.

import { ALL, Attr, DType, Shape, dtypes, emit1, fail, fill, iotaOf, sameDims, trace } from "./trace";

// Joins values along an axis.
export function concat(axis: i32, values: Value[]): Value {
  if (values.length == 1) return values[0];
  axis = values[0].axis(axis);
  const dims = values[0].shape.dims.slice(0);
  if (dims.length == 0) return values[0]; // axis has said why
  for (let i = 1; i < values.length; i++) {
    const s = values[i].shape, like = dims.slice(0);
    if (s.rank == like.length) like[axis] = s.dims[axis];
    if (s.dtype != values[0].shape.dtype || !sameDims(s.dims, like)) {
      fail("concatenate: cannot join " + values[0].shape.toString() + " and " + s.toString() + " along " + axis.toString());
      return values[0];
    }
    dims[axis] += s.dims[axis];
  }
  return emit1("concatenate", values, [Attr.int("dim", axis)], values[0].shape.like(dims));
}

// A value of the function under construction.
export class Value {
  constructor(public id: i32) {}

  get shape(): Shape {
    return trace.valid(this) ? trace.shapes[this.id] : Shape.f32([]);
  }

  get rank(): i32 {
    return this.shape.rank;
  }

  // The number of elements.
  get size(): i32 {
    return this.shape.size;
  }

  // One dimension; a negative one counts from the end.
  dim(i: i32): i32 {
    i = this.axis(i);
    return this.rank == 0 ? 1 : this.shape.dims[i];
  }

  axis(i: i32): i32 {
    const r = this.rank;
    if (i < -r || i >= r) {
      fail("dimension " + i.toString() + " is outside " + this.shape.toString());
      return 0;
    }
    return i < 0 ? i + r : i;
  }

  // ---- Arithmetic ----

  // An op of one operand: abs, negate, exponential, log, sqrt, tanh, logistic ...
  unary(op: string): Value {
    return emit1(op, [this], [], this.shape);
  }
  abs(): Value {
    return this.unary("abs");
  }
  neg(): Value {
    return this.unary("negate");
  }
  exp(): Value {
    return this.unary("exponential");
  }
  log(): Value {
    return this.unary("log");
  }
  sqrt(): Value {
    return this.unary("sqrt");
  }
  rsqrt(): Value {
    return this.unary("rsqrt");
  }
  tanh(): Value {
    return this.unary("tanh");
  }
  sigmoid(): Value {
    return this.unary("logistic");
  }
  softmax(): Value {
    return this.unary("softmax");
  }
  logSoftmax(): Value {
    return this.unary("log_softmax");
  }
  // The value with a zero derivative.
  stopGradient(): Value {
    return this.unary("stop_gradient");
  }

  // An op of two operands, which broadcast by NumPy's rule: add, maximum, power, remainder, and ...
  binary(op: string, y: Value, attrs: Attr[] = [], predicate: bool = false): Value {
    const p = this.broadcast(y), x = p[0];
    if (!x.shape.equal(p[1].shape)) fail(op + ": expected two operands of one shape, found " + x.shape.toString() + " and " + p[1].shape.toString());
    return emit1(op, p, attrs, predicate ? x.shape.as(DType.Bool) : x.shape);
  }
  @operator("+")
  add(y: Value): Value {
    return this.binary("add", y);
  }
  @operator("-")
  sub(y: Value): Value {
    return this.binary("subtract", y);
  }
  @operator("*")
  mul(y: Value): Value {
    return this.binary("multiply", y);
  }
  @operator("/")
  div(y: Value): Value {
    return this.binary("divide", y);
  }
  max(y: Value): Value {
    return this.binary("maximum", y);
  }
  min(y: Value): Value {
    return this.binary("minimum", y);
  }

  // direction is EQ, NE, LT, LE, GT or GE.
  compare(direction: string, y: Value): Value {
    return this.binary("compare", y, [Attr.str("direction", direction)], true);
  }

  private constant(x: f64): Value {
    return fill(this.shape, x);
  }
  scale(x: f64): Value {
    return this.mul(this.constant(x));
  }
  addConst(x: f64): Value {
    return this.add(this.constant(x));
  }
  maxConst(x: f64): Value {
    return this.max(this.constant(x));
  }
  minConst(x: f64): Value {
    return this.min(this.constant(x));
  }
  mod(n: i32): Value {
    return this.binary("remainder", this.constant(n));
  }
  compareConst(direction: string, x: f64): Value {
    return this.compare(direction, this.constant(x));
  }
  square(): Value {
    return this.mul(this);
  }
  relu(): Value {
    return this.maxConst(0);
  }

  // x where this holds, else y; both broadcast against it.
  select(x: Value, y: Value): Value {
    let p: Value = this;
    const pair = x.broadcast(y);
    x = pair[0];
    y = pair[1];
    if (p.rank > 0) {
      const both = p.broadcast(x);
      p = both[0];
      x = both[1];
      y = y.broadcastTo(p.shape.dims);
    } else if (x.shape.dtype != DType.U8) p = p.broadcastTo(x.shape.dims);
    if (p.shape.dtype != DType.Bool || !x.shape.equal(y.shape)) fail("select: expected a predicate and two operands of its dimensions, found " + p.shape.toString() + ", " + x.shape.toString() + " and " + y.shape.toString());
    return emit1("select", [p, x, y], [], x.shape);
  }

  // The same values in another element type.
  convert(to: DType): Value {
    return this.shape.dtype == to ? this : emit1("convert", [this], [Attr.str("to", dtypes[to])], this.shape.as(to));
  }
  float(): Value {
    return this.convert(DType.F32);
  }
  int(): Value {
    return this.convert(DType.I32);
  }

  // ---- Shape ----

  broadcast(y: Value): Value[] {
    const a = this.shape.dims, b = y.shape.dims, n = max(a.length, b.length), dims: i32[] = [];
    if (sameDims(a, b)) return [this, y];
    for (let i = 0; i < n; i++) {
      const i1 = i - (n - a.length), i2 = i - (n - b.length);
      const p = i1 < 0 ? 1 : a[i1], q = i2 < 0 ? 1 : b[i2];
      if (p != q && p != 1 && q != 1) fail("shapes do not broadcast: " + this.shape.toString() + " and " + y.shape.toString());
      dims.push(p == 1 ? q : p);
    }
    const x = this.broadcastTo(dims);
    return [x, y.broadcastTo(dims)];
  }

  broadcastTo(dims: i32[]): Value {
    if (sameDims(this.shape.dims, dims)) return this;
    const at: i32[] = [];
    for (let i = 0; i < this.rank; i++) at.push(dims.length - this.rank + i);
    return this.broadcastInDim(dims, at);
  }

  // Puts dimension i at dimension at[i] of the result, stretching size 1.
  broadcastInDim(dims: i32[], at: i32[]): Value {
    const s = this.shape, out = s.like(dims);
    for (let i = 0; i < s.rank; i++) if (at[i] < 0 || at[i] >= dims.length || (s.dims[i] != 1 && s.dims[i] != dims[at[i]])) fail("broadcast_in_dim: " + s.toString() + " does not stretch to " + out.toString());
    return emit1("broadcast_in_dim", [this], [Attr.ints("to", dims), Attr.ints("dims", at)], out);
  }

  // Keeps the elements in row-major order; one dimension may be -1.
  reshape(dims: i32[]): Value {
    const s = this.shape, out = dims.slice(0), unknown = dims.indexOf(-1);
    let rest = s.size;
    for (let i = 0; i < dims.length; i++) if (dims[i] > 0 && rest % dims[i] == 0) rest /= dims[i];
    if (unknown >= 0) out[unknown] = rest;
    if (sameDims(out, s.dims)) return this;
    const to = s.like(out);
    if (to.size != s.size) fail("reshape: " + s.toString() + " has " + s.size.toString() + " elements, " + to.toString() + " has " + to.size.toString());
    return emit1("reshape", [this], [Attr.ints("to", out)], to);
  }

  // Result dimension i is dimension permutation[i].
  transpose(permutation: i32[]): Value {
    const s = this.shape, p: i32[] = [], out: i32[] = [];
    for (let i = 0; i < permutation.length; i++) {
      p.push(this.axis(permutation[i]));
      out.push(this.dim(p[i]));
    }
    return emit1("transpose", [this], [Attr.ints("permutation", p)], s.like(out));
  }

  // Swaps the last two dimensions.
  t(): Value {
    const n = this.rank, p: i32[] = [];
    if (n < 2) {
      fail("transpose of " + this.shape.toString() + " needs two dimensions");
      return this;
    }
    for (let i = 0; i < n; i++) p.push(i);
    p[n - 1] = n - 2;
    p[n - 2] = n - 1;
    return this.transpose(p);
  }

  // this[start:limit] along an axis; a limit of 0 or less counts from the end.
  slice(axis: i32, start: i32, limit: i32): Value {
    axis = this.axis(axis);
    const s = this.shape, n = this.dim(axis);
    if (s.rank == 0) return this; // axis has said why
    if (limit <= 0) limit += n;
    if (start == 0 && limit == n) return this;
    if (start < 0 || start >= limit || limit > n) {
      fail("slice: [" + start.toString() + ":" + limit.toString() + ":1] is not inside dimension " + axis.toString() + " of " + s.toString());
      return this;
    }
    const starts: i32[] = [], limits = s.dims.slice(0), strides: i32[] = [], out = s.dims.slice(0);
    for (let i = 0; i < s.rank; i++) {
      starts.push(0);
      strides.push(1);
    }
    starts[axis] = start;
    limits[axis] = limit;
    out[axis] = limit - start;
    return emit1("slice", [this], [Attr.ints("start", starts), Attr.ints("limit", limits), Attr.ints("stride", strides)], s.like(out));
  }

  reverse(axis: i32): Value {
    return emit1("reverse", [this], [Attr.ints("dims", [this.axis(axis)])], this.shape);
  }

  // Rows along an axis at i32 indices that share the first batch dimensions.
  take(axis: i32, indices: Value, batch: i32 = 0): Value {
    axis = this.axis(axis);
    const s = this.shape, at = indices.shape;
    if (at.dtype != DType.I32 || batch > axis || batch > at.rank || s.rank == 0) {
      fail("gather: axis " + axis.toString() + " with " + batch.toString() + " batch dimensions does not fit " + s.toString() + " and indices " + at.toString());
      return this;
    }
    const out = s.dims.slice(0, axis).concat(at.dims.slice(batch)).concat(s.dims.slice(axis + 1));
    const attrs = [Attr.int("axis", axis)];
    if (batch > 0) attrs.push(Attr.int("batch_dims", batch));
    return emit1("gather", [this, indices], attrs, s.like(out));
  }

  // ---- Reductions over an axis, over several, or over everything ----

  // kind is add, multiply, maximum, minimum, and, or.
  reduce(kind: string, axis: i32 = ALL): Value {
    const axes: i32[] = axis == ALL ? [] : [axis];
    if (axis == ALL) for (let i = 0; i < this.rank; i++) axes.push(i);
    return this.reduceOver(kind, axes);
  }
  reduceOver(kind: string, axes: i32[]): Value {
    const s = this.shape, away: i32[] = [], out: i32[] = [];
    for (let i = 0; i < axes.length; i++) away.push(this.axis(axes[i]));
    for (let i = 0; i < s.rank; i++) if (!away.includes(i)) out.push(s.dims[i]);
    return emit1("reduce", [this], [Attr.ints("dims", away), Attr.str("kind", kind)], s.like(out));
  }
  sum(axis: i32 = ALL): Value {
    return this.reduce("add", axis);
  }
  // The mean of each of the sums of this value's elements.
  private over(sum: Value): Value {
    return sum.scale(<f64>sum.size / <f64>this.size);
  }
  mean(axis: i32 = ALL): Value {
    return this.over(this.sum(axis));
  }
  meanOver(axes: i32[]): Value {
    return this.over(this.reduceOver("add", axes));
  }

  private keep(like: Value, axis: i32): Value {
    const dims = like.shape.dims.slice(0);
    if (axis != ALL) axis = like.axis(axis);
    for (let i = 0; i < dims.length; i++) if (axis == ALL || axis == i) dims[i] = 1;
    return this.reshape(dims);
  }
  // sumKeep, meanKeep and maxKeep leave the reduced axis as 1.
  sumKeep(axis: i32 = ALL): Value {
    return this.sum(axis).keep(this, axis);
  }
  meanKeep(axis: i32 = ALL): Value {
    return this.mean(axis).keep(this, axis);
  }
  maxKeep(axis: i32 = ALL): Value {
    return this.reduce("maximum", axis).keep(this, axis);
  }

  // The i32 index of the largest element along an axis.
  argmax(axis: i32): Value {
    axis = this.axis(axis);
    const dims = this.shape.dims.slice(0);
    if (axis < dims.length) dims.splice(axis, 1);
    return emit1("argmax", [this], [Attr.int("dim", axis)], new Shape(DType.I32, dims));
  }

  // ---- Products and what losses are made of ----

  // Products summed over one dimension of each.
  dot(y: Value, xContract: i32, yContract: i32): Value {
    const l = this.axis(xContract), r = y.axis(yContract), a = this.shape, b = y.shape, out: i32[] = [];
    if (a.dtype != DType.F32 || b.dtype != DType.F32 || this.dim(l) != y.dim(r)) {
      fail("dot_general: dimension " + l.toString() + " of " + a.toString() + " does not match dimension " + r.toString() + " of " + b.toString());
      return this;
    }
    for (let i = 0; i < a.rank; i++) if (i != l) out.push(a.dims[i]);
    for (let i = 0; i < b.rank; i++) if (i != r) out.push(b.dims[i]);
    return emit1("dot_general", [this, y], [Attr.ints("lhs_batch", []), Attr.ints("rhs_batch", []), Attr.ints("lhs_contract", [l]), Attr.ints("rhs_contract", [r])], Shape.f32(out));
  }

  // [...,M,K] times [K,N].
  matmul(y: Value): Value {
    if (y.rank != 2) fail("matmul: expected a matrix on the right, found " + y.shape.toString());
    return this.dot(y, -1, 0);
  }

  // Divides by the Euclidean norm along an axis, at least 1e-12.
  l2Normalize(axis: i32): Value {
    const square = this.square().sumKeep(axis);
    return this.mul(square.maxConst(1e-24).rsqrt());
  }

  // -log softmax(this)[label] for logits f32[N,C] and labels i32[N]: f32[N].
  crossEntropy(labels: Value): Value {
    const n = this.dim(0), logP = this.logSoftmax();
    return logP.take(1, labels.reshape([n, 1]), 1).reshape([n]).neg();
  }

  // A square matrix with minus infinity (as -1e9) on its diagonal.
  maskDiagonal(): Value {
    const s = this.shape.as(DType.I32);
    if (s.rank < 2) {
      fail("the diagonal of " + this.shape.toString());
      return this;
    }
    const i = iotaOf(s, s.rank - 2), j = iotaOf(s, s.rank - 1);
    const diagonal = i.compare("EQ", j);
    return diagonal.select(this.constant(-1e9), this);
  }

  // i32 indices as f32 rows of n with a single 1.
  oneHot(n: i32): Value {
    const dims = this.shape.dims.concat([n]), at: i32[] = [];
    for (let i = 0; i < this.rank; i++) at.push(i);
    const classes = iotaOf(new Shape(DType.I32, dims), dims.length - 1);
    return this.broadcastInDim(dims, at).compare("EQ", classes).float();
  }

  // ---- Pictures u8[H,W,C] ----

  // An op that keeps the picture's size: image_flip_horizontal, image_brightness ...
  picture(op: string, by: Value[] = []): Value {
    return emit1(op, [<Value>this].concat(by), [], this.shape);
  }

  // Turns by k quarter turns counter-clockwise.
  rotate90(k: i32): Value {
    const s = this.shape;
    if (s.rank != 3 || s.dims[0] != s.dims[1]) {
      fail("image_rotate90: expected a square picture, found " + s.toString());
      return this;
    }
    return this.picture("image_rotate90", [fill(new Shape(DType.I32, []), k)]);
  }
}
