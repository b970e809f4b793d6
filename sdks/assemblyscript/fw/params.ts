// Parameters: an author's method declares them; it is run to describe them, and before
// each call to set them.

import { FIXED64, Reader, VARINT, Writer } from "./wire";

enum Bound {
  Min,
  Max,
  Choice,
}

// A limit of a parameter.
export class Limit {
  constructor(public kind: i32, public x: f64, public open: bool, public text: string = "") {}
}

export function atLeast(x: f64): Limit[] {
  return [new Limit(Bound.Min, x, false)];
}
export function above(x: f64): Limit[] {
  return [new Limit(Bound.Min, x, true)];
}
export function atMost(x: f64): Limit[] {
  return [new Limit(Bound.Max, x, false)];
}
export function below(x: f64): Limit[] {
  return [new Limit(Bound.Max, x, true)];
}
export function between(lo: f64, hi: f64): Limit[] {
  return atLeast(lo).concat(atMost(hi));
}
// choice is a string that the parameter may be, once for each.
export function choice(s: string): Limit[] {
  return [new Limit(Bound.Choice, 0, false, s)];
}

class Value {
  type: string = "";
  number: f64 = 0;
  integer: i64 = 0;
  text: string = "";
  numbers: f64[] = [];
  integers: i64[] = [];

  put(w: Writer): void {
    w.text(1, this.type);
    w.double(2, this.number);
    w.sint(3, this.integer);
    w.text(4, this.text);
    w.doubles(5, this.numbers);
    w.ints(6, this.integers);
  }

  get(r: Reader): void {
    while (r.next()) {
      if (r.field == 1) this.type = r.text();
      if (r.field == 2) this.number = r.double();
      if (r.field == 3) this.integer = r.sint();
      if (r.field == 4) this.text = r.text();
      if (r.field == 5) for (let l = r.scalars(FIXED64); l.at != l.end; ) this.numbers.push(reinterpret<f64>(l.fixed(8)));
      if (r.field == 6)
        for (let l = r.scalars(VARINT); l.at != l.end; ) {
          const x = l.varint();
          this.integers.push(<i64>(x >> 1) ^ -(<i64>(x & 1)));
        }
    }
  }

  // As TOML writes it.
  shown(): string {
    if (this.type == "float") return this.number.toString();
    if (this.type == "int") return this.integer.toString();
    if (this.type == "bool") return this.integer != 0 ? "true" : "false";
    if (this.type == "string") return '"' + this.text + '"';
    if (this.type == "floats") return "[" + this.numbers.join(", ") + "]";
    if (this.type == "ints") return "[" + this.integers.join(", ") + "]";
    return "nothing";
  }
}

class Given {
  name: string = "";
  value: Value = new Value();
}

// plain writes a bound without a fraction where it has none.
function plain(x: f64): string {
  return x == <f64>(<i64>x) ? (<i64>x).toString() : x.toString();
}

class Spec {
  hasMin: bool = false;
  hasMax: bool = false;
  min: f64 = 0;
  max: f64 = 0;
  minOpen: bool = false;
  maxOpen: bool = false;
  choices: string[] = [];

  constructor(limits: Limit[]) {
    for (let i = 0; i < limits.length; i++) {
      const l = limits[i];
      if (l.kind == Bound.Min) {
        this.hasMin = true;
        this.min = l.x;
        this.minOpen = l.open;
      } else if (l.kind == Bound.Max) {
        this.hasMax = true;
        this.max = l.x;
        this.maxOpen = l.open;
      } else this.choices.push(l.text);
    }
  }

  holds(x: f64): bool {
    if (x - x != 0) return false;
    if (this.hasMin && (x < this.min || (this.minOpen && x == this.min))) return false;
    return !(this.hasMax && (x > this.max || (this.maxOpen && x == this.max)));
  }

  admits(v: Value): bool {
    if (v.type == "float") return this.holds(v.number);
    if (v.type == "int") return this.holds(<f64>v.integer);
    if (v.type == "string") return this.choices.length == 0 || this.choices.includes(v.text);
    for (let i = 0; i < v.numbers.length; i++) if (!this.holds(v.numbers[i])) return false;
    for (let i = 0; i < v.integers.length; i++) if (!this.holds(<f64>v.integers[i])) return false;
    return true;
  }

  words(type: string): string {
    if (this.choices.length > 0) return "one of " + this.choices.join(", ");
    const word = type == "float" ? "a number" : type == "int" ? "an integer" : type == "bool" ? "true or false" : type == "string" ? "a string" : type == "floats" ? "a list of numbers" : "a list of integers";
    if (this.hasMin && this.hasMax) return word + " in " + (this.minOpen ? "(" : "[") + plain(this.min) + ", " + plain(this.max) + (this.maxOpen ? ")" : "]");
    if (this.hasMin) return word + (this.minOpen ? " above " : " of at least ") + plain(this.min);
    if (this.hasMax) return word + (this.maxOpen ? " below " : " of at most ") + plain(this.max);
    return word;
  }
}

// What an author's params declares parameters to; each declaration gives the value.
export class Params {
  private given: Given[] = [];
  private names: string[] = [];
  private values: Value[] = [];
  private refusal: string = "";
  described: Writer = new Writer();

  constructor(private plugin: string) {}

  read(r: Reader): void {
    const g = new Given();
    while (r.next()) {
      if (r.field == 1) g.name = r.text();
      if (r.field == 2) g.value.get(r.inner());
    }
    this.given.push(g);
  }

  // The first refusal, "" for none, once all parameters are declared.
  end(): string {
    for (let i = 0; i < this.given.length; i++)
      if (!this.names.includes(this.given[i].name)) return this.plugin + ': unknown parameter "' + this.given[i].name + '"';
    return this.refusal;
  }

  // refuse says that a parameter's value does not do; the host names the place in the experiment.
  refuse(param: string, why: string): void {
    if (this.refusal.length == 0) this.refusal = this.plugin + ": parameter " + param + ": " + why;
  }

  private declare(name: string, standard: Value, doc: string, limits: Limit[]): Value {
    const s = new Spec(limits), w = this.described, at = w.open(5);
    w.text(1, name);
    w.text(2, standard.type);
    const value = w.open(3);
    standard.put(w);
    w.close(value);
    w.uint(4, s.hasMin ? 1 : 0);
    w.uint(5, s.hasMax ? 1 : 0);
    w.double(6, s.min);
    w.double(7, s.max);
    w.uint(8, s.minOpen ? 1 : 0);
    w.uint(9, s.maxOpen ? 1 : 0);
    for (let i = 0; i < s.choices.length; i++) w.text(10, s.choices[i]);
    w.text(11, doc);
    w.close(at);

    let v = standard;
    for (let i = 0; i < this.given.length; i++) if (this.given[i].name == name) v = this.given[i].value;
    if (standard.type == "float" && v.type == "int") {
      v.type = "float";
      v.number = <f64>v.integer;
    }
    if (standard.type == "floats" && v.type == "ints") {
      v.type = "floats";
      for (let i = 0; i < v.integers.length; i++) v.numbers.push(<f64>v.integers[i]);
      v.integers = [];
    }
    if (v.type != standard.type || !s.admits(v)) {
      this.refuse(name, "expected " + s.words(standard.type) + ", found " + v.shown());
      v = standard;
    }
    this.names.push(name);
    this.values.push(v);
    return v;
  }

  float(name: string, standard: f64, doc: string, limits: Limit[] = []): f64 {
    const v = new Value();
    v.type = "float";
    v.number = standard;
    return this.declare(name, v, doc, limits).number;
  }

  int(name: string, standard: i32, doc: string, limits: Limit[] = []): i32 {
    const v = new Value();
    v.type = "int";
    v.integer = standard;
    return <i32>this.declare(name, v, doc, limits).integer;
  }

  bool(name: string, standard: bool, doc: string): bool {
    const v = new Value();
    v.type = "bool";
    v.integer = standard ? 1 : 0;
    return this.declare(name, v, doc, []).integer != 0;
  }

  text(name: string, standard: string, doc: string, limits: Limit[] = []): string {
    const v = new Value();
    v.type = "string";
    v.text = standard;
    return this.declare(name, v, doc, limits).text;
  }

  floats(name: string, standard: f64[], doc: string, limits: Limit[] = []): f64[] {
    const v = new Value();
    v.type = "floats";
    v.numbers = standard;
    return this.declare(name, v, doc, limits).numbers;
  }

  ints(name: string, standard: i64[], doc: string, limits: Limit[] = []): i64[] {
    const v = new Value();
    v.type = "ints";
    v.integers = standard;
    return this.declare(name, v, doc, limits).integers;
  }

  // ordered refuses a value of the float parameter low that is above that of high.
  ordered(low: string, high: string): void {
    const i = this.names.indexOf(low), j = this.names.indexOf(high);
    assert(i >= 0 && j >= 0, "ordered needs two declared parameters");
    const a = this.values[i], b = this.values[j];
    if (a.number > b.number) this.refuse(low, "expected at most " + high + ", which is " + b.shown() + ", found " + a.shown());
  }
}
