//! A trace: calls on values become the instructions of a function, kept as the bytes of
//! their message. Any op of docs/abi.md can be emitted; [`Value`] has methods for most.

use super::types::{Attr, DType, Shape, Value};
use super::wire::Writer;
use std::cell::RefCell;
use std::panic::Location;

/// A callee with its operands' shapes and, once known, its result's.
#[derive(Clone)]
pub(super) struct Signature {
    pub callee: String,
    pub operands: Vec<Shape>,
    pub result: Option<Shape>,
}

/// Of the request that is traced.
#[derive(Default)]
pub(super) struct Request {
    pub plugin: &'static str,
    pub function: String,
    pub inputs: Vec<(String, Shape)>,
    pub known: Vec<Signature>,
    pub view: i64,
    pub samples: i64,
    pub channels: i64,
    pub image_size: i64,
    pub batch: i64,
    pub training: bool,
    pub norm_groups: i64,
}

#[derive(Default)]
pub(super) struct Trace {
    pub request: Request,
    inputs: Writer,
    named: Vec<(String, Value)>,
    instructions: Writer,
    outputs: Writer,
    shapes: Vec<Shape>,
    pub mistake: Option<String>, // the first
    pub need: Option<Signature>, // a callee whose result's shape is not known yet
    pub counts: [usize; 3],      // crops, augmentations and views so far
}

thread_local! {
    static TRACE: RefCell<Trace> = RefCell::new(Trace::default());
}

/// Runs f on the trace; f calls none of the author's code.
pub(super) fn with<T>(f: impl FnOnce(&mut Trace) -> T) -> T {
    TRACE.with(|t| f(&mut t.borrow_mut()))
}

const NONE: Value = Value(-1);

fn base(file: &str) -> &str {
    file.rsplit(|c| c == '/' || c == '\\').next().unwrap_or(file)
}

/// The author's place, as file:line.
pub(super) fn place(l: &Location) -> String {
    format!("{}:{}", base(l.file()), l.line())
}

/// Keeps a mistake of the author's own finding.
#[track_caller]
pub fn fail(text: &str) {
    let l = Location::caller();
    with(|t| t.fail(&format!("{}: {text}", place(l))));
}

impl Trace {
    pub fn new(request: Request) -> Trace {
        Trace { request, ..Trace::default() }
    }

    fn fail(&mut self, text: &str) {
        if !self.failed() {
            self.mistake = Some(text.into());
        }
    }

    fn failed(&self) -> bool {
        self.mistake.is_some() || self.need.is_some()
    }

    fn defined(&mut self, s: Shape) -> Value {
        self.shapes.push(s);
        Value(self.shapes.len() as i32 - 1)
    }

    fn valid(&self, v: Value) -> bool {
        v.0 >= 0 && (v.0 as usize) < self.shapes.len()
    }

    pub fn shape(&self, v: Value) -> Shape {
        if self.valid(v) {
            return self.shapes[v.0 as usize].clone();
        }
        Shape::f32(&[])
    }

    /// The reply's program.
    pub fn program(self) -> Writer {
        let mut w = Writer::default();
        w.message(1, |w| {
            w.uint(1, 1); // version
            w.message(2, |w| {
                w.string(1, &self.request.function);
                for part in [self.inputs, self.instructions, self.outputs] {
                    w.0.extend_from_slice(&part.0);
                }
            })
        });
        w
    }
}

/// Declares an input, or finds it by its name.
pub(super) fn input(name: &str, s: &Shape) -> Value {
    with(|t| {
        if let Some((_, v)) = t.named.iter().find(|(n, _)| n == name) {
            return *v;
        }
        t.inputs.message(2, |w| {
            w.string(1, name);
            w.shape(2, s);
        });
        let v = t.defined(s.clone());
        t.named.push((name.into(), v));
        v
    })
}

#[track_caller]
pub(super) fn output(name: &str, v: Value) {
    if !with(|t| t.valid(v)) {
        fail(&format!("output {name} is no value of this function"));
    }
    with(|t| {
        if !t.failed() {
            t.outputs.message(4, |w| {
                w.string(1, name);
                w.uint(2, v.0 as u64);
            });
        }
    });
}

/// Adds an instruction with the shapes of its results, which the host checks against the
/// table of ops.
#[track_caller]
pub fn emit(op: &str, operands: &[Value], attrs: &[(&str, Attr)], results: &[Shape]) -> Vec<Value> {
    let l = Location::caller();
    with(|t| {
        if let Some(i) = operands.iter().position(|&v| !t.valid(v)) {
            t.fail(&format!("{}: {op}: operand {i} is no value of this function", place(l)));
        }
        if let Some(s) = results.iter().find(|s| !s.sound()) {
            t.fail(&format!("{}: {op}: {s} has a dimension below 1 or too many elements", place(l)));
        }
        if t.failed() {
            return vec![NONE; results.len()];
        }
        let mut sorted: Vec<&(&str, Attr)> = attrs.iter().collect();
        sorted.sort_by_key(|a| a.0);
        t.instructions.message(3, |w| {
            w.string(1, op);
            w.uints(2, operands.iter().map(|v| v.0 as u64));
            results.iter().for_each(|s| w.shape(3, s));
            sorted.iter().for_each(|a| w.message(4, |w| a.1.put(a.0, w)));
            w.string(5, base(l.file()));
            w.uint(6, l.line() as u64);
        });
        results.iter().map(|s| t.defined(s.clone())).collect()
    })
}

#[track_caller]
pub(super) fn emit1(op: &str, operands: &[Value], attrs: &[(&str, Attr)], result: Shape) -> Value {
    emit(op, operands, attrs, &[result])[0]
}

impl Value {
    pub fn shape(self) -> Shape {
        with(|t| t.shape(self))
    }

    pub fn rank(self) -> usize {
        self.shape().rank()
    }

    /// The number of elements.
    pub fn size(self) -> i64 {
        self.shape().size()
    }

    /// One dimension; a negative one counts from the end.
    #[track_caller]
    pub fn dim(self, i: i64) -> i64 {
        let i = self.axis(i);
        self.shape().dims.get(i).copied().unwrap_or(1)
    }

    #[track_caller]
    pub(super) fn axis(self, i: i64) -> usize {
        let s = self.shape();
        let r = s.rank() as i64;
        if i < -r || i >= r {
            fail(&format!("dimension {i} is outside {s}"));
            return 0;
        }
        (if i < 0 { i + r } else { i }) as usize
    }
}

/// The bytes of x in an element type.
fn element(d: DType, x: f64, to: &mut Vec<u8>) {
    let bits = (x as f32).to_bits();
    match d {
        DType::F32 => to.extend_from_slice(&bits.to_le_bytes()),
        DType::BF16 if bits & 0x7f80_0000 == 0 => to.extend_from_slice(&((bits >> 16 & 0x8000) as u16).to_le_bytes()),
        DType::BF16 => to.extend_from_slice(&((bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16) as u16).to_le_bytes()),
        DType::I32 => to.extend_from_slice(&(x as i32).to_le_bytes()),
        DType::U32 => to.extend_from_slice(&(x as u32).to_le_bytes()),
        _ => to.push(x as u8),
    }
}

/// A constant of shape s with every element x.
#[track_caller]
pub fn fill(s: &Shape, x: f64) -> Value {
    let mut b = vec![];
    element(s.dtype, x, &mut b);
    emit1("constant", &[], &[("shape", Attr::Shape(s)), ("value", Attr::Bytes(&b))], s.clone())
}

/// The f32[] constant x.
#[track_caller]
pub fn scalar(x: f64) -> Value {
    fill(&Shape::f32(&[]), x)
}

/// A tensor known when tracing.
#[track_caller]
pub fn constant(s: &Shape, elements: &[f64]) -> Value {
    if elements.len() as i64 != s.size() {
        fail(&format!("constant {s} needs {} elements, found {}", s.size(), elements.len()));
    }
    let mut b = vec![];
    elements.iter().for_each(|&x| element(s.dtype, x, &mut b));
    emit1("constant", &[], &[("shape", Attr::Shape(s)), ("value", Attr::Bytes(&b))], s.clone())
}

/// i32 0, 1 ... n-1.
#[track_caller]
pub fn iota(n: i64) -> Value {
    iota_of(&Shape::of(DType::I32, &[n]), 0)
}

/// Counts along one dimension of s.
#[track_caller]
pub fn iota_of(s: &Shape, dim: usize) -> Value {
    emit1("iota", &[], &[("shape", Attr::Shape(s)), ("dim", Attr::Int(dim as i64))], s.clone())
}
