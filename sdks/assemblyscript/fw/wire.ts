// Messages: the subset of proto3 that docs/abi.md lays down.

import { DType, Shape, dtypeNamed, dtypes } from "./trace";

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

export function utf8(s: string): ArrayBuffer {
  return String.UTF8.encode(s);
}

export function zigzag(x: i64): u64 {
  return <u64>((x << 1) ^ (x >> 63));
}

// Appends fields; zero values are left out.
export class Writer {
  bytes: ArrayBuffer = new ArrayBuffer(256);
  n: i32 = 0;

  get start(): usize {
    return changetype<usize>(this.bytes);
  }

  // room for n more bytes; their place.
  room(n: i32): usize {
    if (this.n + n > this.bytes.byteLength) {
      const grown = new ArrayBuffer(max(2 * this.bytes.byteLength, this.n + n));
      memory.copy(changetype<usize>(grown), this.start, this.n);
      this.bytes = grown;
    }
    this.n += n;
    return this.start + this.n - n;
  }

  byte(x: u8): void {
    store<u8>(this.room(1), x);
  }

  raw(from: usize, n: i32): void {
    memory.copy(this.room(n), from, n);
  }

  append(w: Writer): void {
    this.raw(w.start, w.n);
  }

  varint(x: u64): void {
    for (; x >= 0x80; x >>= 7) this.byte(<u8>x | 0x80);
    this.byte(<u8>x);
  }

  tag(field: i32, type: i32): void {
    this.varint(<u64>((field << 3) | type));
  }

  uint(field: i32, x: u64): void {
    if (x == 0) return;
    this.tag(field, VARINT);
    this.varint(x);
  }

  sint(field: i32, x: i64): void {
    this.uint(field, zigzag(x));
  }

  double(field: i32, x: f64): void {
    if (reinterpret<u64>(x) == 0) return;
    this.tag(field, FIXED64);
    store<f64>(this.room(8), x);
  }

  blob(field: i32, from: usize, n: i32): void {
    if (n == 0) return;
    this.tag(field, BYTES);
    this.varint(n);
    this.raw(from, n);
  }

  text(field: i32, s: string): void {
    const b = utf8(s);
    this.blob(field, changetype<usize>(b), b.byteLength);
  }

  doubles(field: i32, list: f64[]): void {
    if (list.length == 0) return;
    const at = this.open(field);
    for (let i = 0; i < list.length; i++) store<f64>(this.room(8), list[i]);
    this.close(at);
  }

  ints(field: i32, list: i64[]): void {
    if (list.length == 0) return;
    const at = this.open(field);
    for (let i = 0; i < list.length; i++) this.varint(zigzag(list[i]));
    this.close(at);
  }

  // open starts a nested message, close ends it: its length goes before it.
  open(field: i32): i32 {
    this.tag(field, BYTES);
    return this.n;
  }

  close(at: i32): void {
    const n = this.n - at;
    let size = 1;
    for (let x = n; x >= 0x80; x >>= 7) size++;
    this.room(size);
    memory.copy(this.start + at + size, this.start + at, n);
    this.n = at;
    this.varint(n);
    this.n += n;
  }

  shape(field: i32, s: Shape): void {
    const at = this.open(field);
    this.text(1, dtypes[s.dtype]);
    if (s.dims.length > 0) {
      const dims = this.open(2);
      for (let i = 0; i < s.dims.length; i++) this.varint(s.dims[i]);
      this.close(dims);
    }
    this.close(at);
  }
}

// What is wrong with the messages of this call, "" for nothing; the first is kept.
export let fault: string = "";

export function clearFault(): void {
  fault = "";
}

// Walks the fields of one message.
export class Reader {
  field: i32 = 0;
  type: i32 = 0;
  value: u64 = 0; // of a scalar
  data: usize = 0; // of a length-delimited field
  n: i32 = 0;

  constructor(public at: usize, public end: usize) {}

  broken(why: string): void {
    if (fault.length == 0) fault = why;
    this.at = this.end;
  }

  next(): bool {
    if (fault.length > 0 || this.at == this.end) return false;
    const tag = this.varint();
    if (tag >> 3 == 0 || tag >> 3 >= 1 << 29) this.broken("wire: field number is out of range");
    this.field = <i32>(tag >> 3);
    this.type = <i32>(tag & 7);
    this.data = this.at;
    this.n = 0;
    if (this.type == VARINT) this.value = this.varint();
    else if (this.type == FIXED64) this.value = this.fixed(8);
    else if (this.type == FIXED32) this.value = this.fixed(4);
    else if (this.type == BYTES) {
      const n = this.varint();
      this.data = this.at;
      if (n > this.end - this.at) this.broken("wire: message ends in the middle of a field");
      else {
        this.n = <i32>n;
        this.at += <usize>n;
      }
    } else this.broken("wire: unknown wire type");
    return fault.length == 0;
  }

  varint(): u64 {
    let x: u64 = 0;
    for (let shift: u64 = 0; shift < 64; shift += 7) {
      if (this.at == this.end) {
        this.broken("wire: message ends in the middle of a field");
        return 0;
      }
      const c = <u64>load<u8>(this.at++);
      if (shift == 63 && c > 1) break;
      x |= (c & 0x7f) << shift;
      if (c < 0x80) return x;
    }
    this.broken("wire: varint is longer than 64 bits");
    return 0;
  }

  fixed(n: usize): u64 {
    if (this.end - this.at < n) {
      this.broken("wire: message ends in the middle of a field");
      return 0;
    }
    this.at += n;
    return n == 8 ? load<u64>(this.at - 8) : <u64>load<u32>(this.at - 4);
  }

  want(type: i32): bool {
    if (this.type != type) this.broken("wire: a field of another wire type than expected");
    return this.type == type;
  }

  uint(): u64 {
    return this.want(VARINT) ? this.value : 0;
  }

  sint(): i64 {
    const x = this.uint();
    return <i64>(x >> 1) ^ -(<i64>(x & 1));
  }

  double(): f64 {
    return this.want(FIXED64) ? reinterpret<f64>(this.value) : 0;
  }

  text(): string {
    if (!this.want(BYTES)) return "";
    const s = String.UTF8.decodeUnsafe(this.data, this.n), again = String.UTF8.encode(s, false, String.UTF8.ErrorMode.REPLACE);
    if (again.byteLength != this.n || memory.compare(changetype<usize>(again), this.data, this.n) != 0) this.broken("wire: text is not valid UTF-8");
    return s;
  }

  inner(): Reader {
    if (!this.want(BYTES)) return new Reader(0, 0);
    return new Reader(this.data, this.data + this.n);
  }

  // The scalars of a repeated field, packed or not, are those of this reader.
  scalars(type: i32): Reader {
    const packed = this.type == BYTES;
    if (!packed && !this.want(type)) return new Reader(0, 0);
    if (packed) return new Reader(this.data, this.data + this.n);
    return new Reader(this.data, this.at);
  }

  shape(): Shape {
    const r = this.inner();
    const s = new Shape(DType.Invalid, []);
    while (r.next()) {
      if (r.field == 1) s.dtype = dtypeNamed(r.text());
      if (r.field == 2) {
        const dims = r.scalars(VARINT);
        while (dims.at != dims.end) {
          const d = dims.varint();
          if (d > <u64>i32.MAX_VALUE || s.dims.length == 8) dims.broken("wire: shape is out of range");
          else s.dims.push(<i32>d);
        }
      }
    }
    if (s.dtype == DType.Invalid) this.broken("wire: unknown element type");
    return s;
  }
}
