// The exports of the module: docs/abi.md.

import "./abort";
import { plugins } from "./plugin";
import { Reader, Writer, clearFault, fault, utf8 } from "./wire";

let request: ArrayBuffer = new ArrayBuffer(4096);
let reply: Writer = new Writer();

export function fw_abi_v1(): void {}

export function fw_alloc(n: i32): usize {
  __collect(); // nothing of the last call is on the stack
  if (n < 0) return 0;
  if (n > request.byteLength) request = new ArrayBuffer(n);
  return changetype<usize>(request);
}

export function fw_call(method: i32, at: usize, n: i32): u64 {
  clearFault();
  reply.n = 0;
  reply.byte(0);
  const error = answer(method, new Reader(at, at + n));
  if (error.length > 0) {
    const text = utf8(error);
    reply.n = 0;
    reply.byte(1);
    reply.raw(changetype<usize>(text), text.byteLength);
  }
  return ((<u64>reply.start) << 32) | <u64>reply.n;
}

function answer(method: i32, r: Reader): string {
  if (method == 1) {
    reply.uint(1, 1); // the ABI
    reply.uint(2, 1); // of programs
    for (let i = 0; i < plugins.length; i++) {
      const at = reply.open(3);
      plugins[i].describe(reply);
      reply.close(at);
    }
    return "";
  }
  if (method == 4) return "this module evaluates nothing";
  if (method != 2 && method != 3) return "unknown method " + method.toString();
  const id = r.next() && r.field == 1 ? r.text() : "";
  if (fault.length > 0) return fault;
  for (let i = 0; i < plugins.length; i++) if (plugins[i].id == id) return method == 2 ? plugins[i].traces(r, reply) : plugins[i].crops(r, reply);
  return 'no plugin "' + id + '" here';
}
