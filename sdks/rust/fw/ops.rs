//! Arithmetic on values: an instruction or two each, with the rules of their shapes.

use super::trace::{emit1, fail, fill};
use super::types::{Attr, DType, Shape, Value};

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident $op:literal)*) => {
        impl Value {
            $($(#[$doc])* #[track_caller] pub fn $name(self) -> Value { self.unary($op) })*
        }
    };
}

unary! {
    abs "abs"
    neg "negate"
    exp "exponential"
    expm1 "exponential_minus_one"
    log "log"
    log1p "log_plus_one"
    sqrt "sqrt"
    rsqrt "rsqrt"
    tanh "tanh"
    sigmoid "logistic"
    erf "erf"
    sin "sine"
    cos "cosine"
    sign "sign"
    floor "floor"
    ceil "ceil"
    round "round_nearest_even"
    not "not"
    /// The value with a zero derivative.
    stop_gradient "stop_gradient"
    /// Over the last dimension.
    softmax "softmax"
    /// Over the last dimension.
    log_softmax "log_softmax"
}

macro_rules! binary {
    ($($name:ident $op:literal)*) => {
        /// They broadcast by NumPy's rule; add, sub, mul and div also as operators.
        impl Value {
            $(#[track_caller] pub fn $name(self, y: Value) -> Value { self.pair($op, y, &[], false) })*
        }
    };
}

binary! { add "add" sub "subtract" mul "multiply" div "divide" max "maximum" min "minimum" pow "power" rem "remainder" and "and" or "or" xor "xor" }

macro_rules! operators {
    ($($name:ident $method:ident)*) => {
        $(impl std::ops::$name for Value {
            type Output = Value;
            #[track_caller]
            fn $method(self, y: Value) -> Value { Value::$method(self, y) }
        })*
    };
}

operators! { Add add Sub sub Mul mul Div div }

macro_rules! compared {
    ($($name:ident $direction:literal)*) => {
        impl Value {
            $(#[track_caller] pub fn $name(self, y: Value) -> Value { self.pair("compare", y, &[("direction", Attr::Str($direction))], true) })*
        }
    };
}

compared! { eq "EQ" ne "NE" less "LT" less_eq "LE" greater "GT" greater_eq "GE" }

impl Value {
    #[track_caller]
    fn unary(self, op: &str) -> Value {
        emit1(op, &[self], &[], self.shape())
    }

    #[track_caller]
    fn pair(self, op: &str, y: Value, attrs: &[(&str, Attr)], predicate: bool) -> Value {
        let (x, y) = self.broadcast(y);
        let mut s = x.shape();
        if s != y.shape() {
            fail(&format!("{op}: expected two operands of one shape, found {s} and {}", y.shape()));
        }
        if predicate {
            s.dtype = DType::Bool;
        }
        emit1(op, &[x, y], attrs, s)
    }

    #[track_caller]
    pub(super) fn broadcast(self, y: Value) -> (Value, Value) {
        let (a, b) = (self.shape(), y.shape());
        if a.dims == b.dims {
            return (self, y);
        }
        let n = a.rank().max(b.rank());
        let at = |s: &Shape, i: usize| if i + s.rank() < n { 1 } else { s.dims[i + s.rank() - n] };
        let mut dims = vec![];
        for i in 0..n {
            let (p, q) = (at(&a, i), at(&b, i));
            if p != q && p != 1 && q != 1 {
                fail(&format!("shapes do not broadcast: {a} and {b}"));
            }
            dims.push(if p == 1 { q } else { p });
        }
        (self.broadcast_to(&dims), y.broadcast_to(&dims))
    }

    // Forms with a constant of the value's element type.

    #[track_caller]
    pub(super) fn constant(self, x: f64) -> Value {
        fill(&self.shape(), x)
    }
    #[track_caller]
    pub fn scale(self, x: f64) -> Value {
        self.mul(self.constant(x))
    }
    #[track_caller]
    pub fn add_const(self, x: f64) -> Value {
        self.add(self.constant(x))
    }
    #[track_caller]
    pub fn max_const(self, x: f64) -> Value {
        self.max(self.constant(x))
    }
    #[track_caller]
    pub fn min_const(self, x: f64) -> Value {
        self.min(self.constant(x))
    }
    #[track_caller]
    pub fn modulo(self, n: i64) -> Value {
        self.rem(self.constant(n as f64))
    }
    #[track_caller]
    pub fn eq_const(self, x: f64) -> Value {
        self.eq(self.constant(x))
    }
    #[track_caller]
    pub fn less_than(self, x: f64) -> Value {
        self.less(self.constant(x))
    }
    #[track_caller]
    pub fn more_than(self, x: f64) -> Value {
        self.greater(self.constant(x))
    }
    #[track_caller]
    pub fn square(self) -> Value {
        self.mul(self)
    }
    #[track_caller]
    pub fn relu(self) -> Value {
        self.max_const(0.0)
    }

    /// x where self holds, else y; both broadcast against it.
    #[track_caller]
    pub fn select(self, x: Value, y: Value) -> Value {
        let (mut x, mut y) = x.broadcast(y);
        let mut p = self;
        if self.rank() > 0 {
            (p, x) = self.broadcast(x);
            y = y.broadcast_to(&p.shape().dims);
        } else if x.shape().dtype != DType::U8 {
            p = self.broadcast_to(&x.shape().dims);
        }
        if p.shape().dtype != DType::Bool || x.shape() != y.shape() {
            fail(&format!("select: expected a predicate and two operands of its dimensions, found {}, {} and {}", p.shape(), x.shape(), y.shape()));
        }
        emit1("select", &[p, x, y], &[], x.shape())
    }

    /// The same values in another element type.
    #[track_caller]
    pub fn convert(self, to: DType) -> Value {
        let s = self.shape();
        if s.dtype == to {
            return self;
        }
        emit1("convert", &[self], &[("to", Attr::Str(to.name()))], Shape { dtype: to, dims: s.dims })
    }
    #[track_caller]
    pub fn float(self) -> Value {
        self.convert(DType::F32)
    }
    #[track_caller]
    pub fn int(self) -> Value {
        self.convert(DType::I32)
    }
}
