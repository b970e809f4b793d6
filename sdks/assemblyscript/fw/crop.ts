// Crops: rectangles for many images at once.

import { Key } from "./key";
import { Params } from "./params";
import { Plugin } from "./plugin";
import { FIXED32, FIXED64, Reader, VARINT, Writer, fault } from "./wire";

// An image's size in pixels.
@final
export class Size {
  constructor(public h: i32 = 0, public w: i32 = 0) {}

  get area(): f64 {
    return <f64>this.h * <f64>this.w;
  }

  // The largest centred rectangle whose width over height is within bounds, marked as a fall-back.
  centerCrop(minRatio: f64, maxRatio: f64): Rect {
    let w = this.w, h = this.h;
    const ratio = <f64>w / <f64>h;
    if (ratio < minRatio) h = max(1, <i32>nearest<f64>(<f64>w / minRatio));
    else if (ratio > maxRatio) w = max(1, <i32>nearest<f64>(<f64>h * maxRatio));
    return rect((this.h - h) / 2, (this.w - w) / 2, h, w, true);
  }
}

// Where the object may be, relative to the image; while that is not known, all of it.
@final
export class Region {
  y0: f64 = 0;
  x0: f64 = 0;
  y1: f64 = 1;
  x1: f64 = 1;
  known: bool = false;
}

// A rectangle in pixels. fellBack says that no draw fitted: the host counts it.
@final
export class Rect {
  y: i32 = 0;
  x: i32 = 0;
  h: i32 = 0;
  w: i32 = 0;
  fellBack: bool = false;
}

const answered = new Rect();

// rect is what a strategy answers. There is one, which the next call changes: memory for
// each crop would take a tenth of its time.
export function rect(y: i32, x: i32, h: i32, w: i32, fellBack: bool = false): Rect {
  answered.y = y;
  answered.x = x;
  answered.h = h;
  answered.w = w;
  answered.fellBack = fellBack;
  return answered;
}

// The numbers of a packed field, in memory.
class Numbers {
  bytes: Writer = new Writer();
  n: i32 = 0;

  word(i: i32): u32 {
    return load<u32>(this.bytes.start + 4 * i);
  }

  double(i: i32): f64 {
    return load<f64>(this.bytes.start + 8 * i);
  }

  // Numbers of one or two bytes are read without a call for each.
  words(r: Reader): void {
    let to = this.bytes.room(4 * <i32>(r.end - r.at)); // what is too much is given back
    while (r.at != r.end) {
      let x = <u32>load<u8>(r.at);
      const more = <u32>(r.end - r.at > 1 ? load<u8>(r.at + 1) : 0x80);
      if (x < 0x80) r.at++;
      else if (more < 0x80) {
        x = (x & 0x7f) | (more << 7);
        r.at += 2;
      } else x = <u32>min(r.varint(), <u64>u32.MAX_VALUE);
      store<u32>(to, x);
      to += 4;
      this.n++;
    }
    this.bytes.n = <i32>(to - this.bytes.start);
  }

  copy(r: Reader, size: i32): void {
    const n = <i32>(r.end - r.at);
    if (n % size != 0) r.broken("wire: message ends in the middle of a field");
    this.bytes.raw(r.at, n);
    this.n += n / size;
  }
}

// put writes a number at a place with room for it, and gives the place behind it.
// @ts-ignore: decorator
@inline
function put(at: usize, x: u32): usize {
  if (x < 0x80) {
    store<u8>(at, <u8>x);
    return at + 1;
  }
  if (x < 0x4000) {
    store<u16>(at, <u16>((x & 0x7f) | 0x80 | ((x >> 7) << 8)));
    return at + 2;
  }
  for (; x >= 0x80; x >>= 7) store<u8>(at++, <u8>x | 0x80);
  store<u8>(at, <u8>x);
  return at + 1;
}

// A crop strategy: crop is a pure function. view counts the task's crops of an image from 0.
export abstract class Crop extends Plugin {
  constructor(id: string, version: string) {
    super(id, version, "crop", "crop", "");
  }

  abstract crop(k: Key, img: Size, region: Region, view: i32): Rect;

  // It goes by the box of an object, so that the host finds one for each image.
  boxes(): Crop {
    this.signature = "boxes";
    return this;
  }

  crops(r: Reader, reply: Writer): string {
    const params = new Params(this.id);
    const height = new Numbers(), width = new Numbers(), keys = new Numbers(), boxes = new Numbers(), views = new Numbers();
    while (r.next()) {
      if (r.field == 2) params.read(r.inner());
      if (r.field == 3) height.words(r.scalars(VARINT));
      if (r.field == 4) width.words(r.scalars(VARINT));
      if (r.field == 5) keys.copy(r.scalars(FIXED32), 4);
      if (r.field == 6) boxes.copy(r.scalars(FIXED64), 8);
      if (r.field == 7) views.words(r.scalars(VARINT));
    }
    if (fault.length > 0) return fault;
    this.params(params);
    const refusal = params.end();
    if (refusal.length > 0) return refusal;
    const n = height.n;
    if (width.n != n || keys.n != 2 * n || (views.n > 0 && views.n != n) || (boxes.n > 0 && boxes.n != 4 * n)) return this.id + ": heights, widths, keys, views and boxes disagree in number";
    if (n == 0) return "";

    const k = new Key(), img = new Size(), region = new Region(), rects = new ArrayBuffer(20 * n), fellBack = new Writer(); // 4 numbers of at most 5 bytes
    let end = changetype<usize>(rects);
    region.known = boxes.n > 0;
    for (let i = 0; i < n; i++) {
      img.h = height.word(i);
      img.w = width.word(i);
      if (region.known) {
        region.y0 = boxes.double(4 * i);
        region.x0 = boxes.double(4 * i + 1);
        region.y1 = boxes.double(4 * i + 2);
        region.x1 = boxes.double(4 * i + 3);
      }
      k.start(keys.word(2 * i), keys.word(2 * i + 1));
      const c = this.crop(k, img, region, views.n > 0 ? views.word(i) : 0);
      if (c.h < 1 || c.w < 1 || c.y < 0 || c.x < 0 || c.y > img.h - c.h || c.x > img.w - c.w) return this.id + ": a rectangle is not inside its image";
      end = put(put(put(put(end, c.y), c.x), c.h), c.w);
      if (c.fellBack) fellBack.varint(i);
    }
    reply.blob(1, changetype<usize>(rects), <i32>(end - changetype<usize>(rects)));
    if (fellBack.n > 0) reply.blob(2, fellBack.start, fellBack.n);
    return "";
  }
}
