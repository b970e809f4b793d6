//! Element types, shapes, attributes and values.

use super::wire::Writer;
use std::fmt;

/// Element types.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum DType {
    F32,
    BF16,
    I32,
    U32,
    U8,
    Bool,
    Image,
    Rect,
}

const DTYPES: [(DType, &str); 8] = [
    (DType::F32, "f32"),
    (DType::BF16, "bf16"),
    (DType::I32, "i32"),
    (DType::U32, "u32"),
    (DType::U8, "u8"),
    (DType::Bool, "bool"),
    (DType::Image, "image"),
    (DType::Rect, "rect"),
];

impl DType {
    pub fn name(self) -> &'static str {
        DTYPES[self as usize].1
    }

    pub(super) fn parse(name: &str) -> Option<DType> {
        DTYPES.iter().find(|d| d.1 == name).map(|d| d.0)
    }
}

/// An element type and dimensions, written f32[512,128].
#[derive(Clone, PartialEq, Debug)]
pub struct Shape {
    pub dtype: DType,
    pub dims: Vec<i64>,
}

impl Shape {
    pub fn of(dtype: DType, dims: &[i64]) -> Shape {
        Shape { dtype, dims: dims.to_vec() }
    }

    pub fn f32(dims: &[i64]) -> Shape {
        Shape::of(DType::F32, dims)
    }

    pub fn rank(&self) -> usize {
        self.dims.len()
    }

    pub fn size(&self) -> i64 {
        self.dims.iter().product()
    }

    pub(super) fn sound(&self) -> bool {
        let mut n = 1i64;
        self.dims.len() <= 8
            && self.dims.iter().all(|&d| {
                let ok = d >= 1 && d <= (1 << 34) / n;
                n *= if ok { d } else { 1 };
                ok
            })
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let dims: Vec<String> = self.dims.iter().map(|d| d.to_string()).collect();
        write!(f, "{}[{}]", self.dtype.name(), dims.join(","))
    }
}

/// An argument of an instruction that is known when tracing.
pub enum Attr<'a> {
    Int(i64),
    Ints(&'a [i64]),
    Float(f64),
    Floats(&'a [f64]),
    Str(&'a str),
    Shape(&'a Shape),
    Bytes(&'a [u8]),
}

impl Attr<'_> {
    pub(super) fn put(&self, name: &str, w: &mut Writer) {
        w.string(1, name);
        match self {
            Attr::Int(x) => {
                w.uint(2, 1);
                w.sint(3, *x);
            }
            Attr::Ints(x) => {
                w.uint(2, 2);
                w.uints(4, x.iter().map(|&i| super::wire::zigzag(i)));
            }
            Attr::Float(x) => {
                w.uint(2, 3);
                w.double(5, *x);
            }
            Attr::Floats(x) => {
                w.uint(2, 4);
                w.doubles(6, x);
            }
            Attr::Str(x) => {
                w.uint(2, 5);
                w.string(7, x);
            }
            Attr::Shape(x) => {
                w.uint(2, 6);
                w.shape(8, x);
            }
            Attr::Bytes(x) => {
                w.uint(2, 7);
                w.bytes(9, x);
            }
        }
    }
}

/// A value of the function under construction.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Value(pub(super) i32);
