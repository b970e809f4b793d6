// The end of a call. This file has no values of its own, as it is compiled before all others.

// @ts-ignore: decorator
@external("fw", "log")
declare function log(level: i32, text: usize, n: i32): void;

// abort is what assert and throw become: the host sees message and place.
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  let place = file ? file : "";
  const slash = place.lastIndexOf("/");
  if (slash >= 0) place = place.substring(slash + 1);
  const text = String.UTF8.encode(place + ":" + line.toString() + ": " + (message ? message : "aborted"));
  log(2, changetype<usize>(text), text.byteLength);
  unreachable();
}
