//! Operations on values: a few instructions each, with the rules of their shapes.

use super::trace::{emit1, fail, fill, iota_of, Attr, DType, Shape, Value};

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

fn with_dims(s: &Shape, dims: Vec<i64>) -> Shape {
    Shape { dtype: s.dtype, dims }
}

fn wide(list: &[usize]) -> Vec<i64> {
    list.iter().map(|&i| i as i64).collect()
}

/// Joins values along an axis.
#[track_caller]
pub fn concat(axis: i64, values: &[Value]) -> Value {
    if values.len() == 1 {
        return values[0];
    }
    let axis = values[0].axis(axis);
    let mut out = values[0].shape();
    if out.rank() == 0 {
        return values[0]; // axis has said why
    }
    for v in &values[1..] {
        let s = v.shape();
        let mut like = out.clone();
        if s.rank() == out.rank() {
            like.dims[axis] = s.dims[axis];
        }
        if s != like {
            fail(&format!("concatenate: cannot join {} and {s} along {axis}", values[0].shape()));
            return values[0];
        }
        out.dims[axis] += s.dims[axis];
    }
    emit1("concatenate", values, &[("dim", Attr::Int(axis as i64))], out)
}

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
    fn broadcast(self, y: Value) -> (Value, Value) {
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
    fn constant(self, x: f64) -> Value {
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

    /// Keeps the elements in row-major order; one dimension may be -1.
    #[track_caller]
    pub fn reshape(self, dims: &[i64]) -> Value {
        let s = self.shape();
        let mut out = dims.to_vec();
        let mut rest = s.size();
        let unknown = dims.iter().position(|&d| d == -1);
        for &d in dims {
            if d > 0 && rest % d == 0 {
                rest /= d;
            }
        }
        if let Some(i) = unknown {
            out[i] = rest;
        }
        if out == s.dims {
            return self;
        }
        let to = with_dims(&s, out);
        if to.size() != s.size() {
            fail(&format!("reshape: {s} has {} elements, {to} has {}", s.size(), to.size()));
        }
        emit1("reshape", &[self], &[("to", Attr::Ints(&to.dims))], to.clone())
    }

    /// Result dimension i is dimension permutation[i].
    #[track_caller]
    pub fn transpose(self, permutation: &[i64]) -> Value {
        let s = self.shape();
        if permutation.len() != s.rank() {
            fail(&format!("transpose: permutation {permutation:?} does not cover {s}"));
            return self;
        }
        let p: Vec<usize> = permutation.iter().map(|&d| self.axis(d)).collect();
        let out = p.iter().map(|&i| s.dims[i]).collect();
        emit1("transpose", &[self], &[("permutation", Attr::Ints(&wide(&p)))], with_dims(&s, out))
    }

    /// Swaps the last two dimensions.
    #[track_caller]
    pub fn t(self) -> Value {
        let n = self.rank();
        if n < 2 {
            fail(&format!("transpose of {} needs two dimensions", self.shape()));
            return self;
        }
        let mut p: Vec<i64> = (0..n as i64).collect();
        p.swap(n - 1, n - 2);
        self.transpose(&p)
    }

    /// self[start:limit] along an axis; a limit of 0 or less counts from the end.
    #[track_caller]
    pub fn slice(self, axis: i64, start: i64, limit: i64) -> Value {
        let axis = self.axis(axis);
        let s = self.shape();
        if s.rank() == 0 {
            return self; // axis has said why
        }
        let n = s.dims[axis];
        let limit = if limit <= 0 { limit + n } else { limit };
        if start == 0 && limit == n {
            return self;
        }
        if start < 0 || start >= limit || limit > n {
            fail(&format!("slice: [{start}:{limit}:1] is not inside dimension {axis} of {s}"));
            return self;
        }
        let (mut starts, mut limits, mut out) = (vec![0; s.rank()], s.dims.clone(), s.dims.clone());
        (starts[axis], limits[axis], out[axis]) = (start, limit, limit - start);
        let strides = vec![1; s.rank()];
        emit1("slice", &[self], &[("start", Attr::Ints(&starts)), ("limit", Attr::Ints(&limits)), ("stride", Attr::Ints(&strides))], with_dims(&s, out))
    }

    #[track_caller]
    pub fn reverse(self, axis: i64) -> Value {
        let dims = [self.axis(axis) as i64];
        emit1("reverse", &[self], &[("dims", Attr::Ints(&dims))], self.shape())
    }

    /// Stretches to dims by NumPy's rule.
    #[track_caller]
    pub fn broadcast_to(self, dims: &[i64]) -> Value {
        let s = self.shape();
        if s.dims == dims {
            return self;
        }
        let at: Vec<i64> = (0..s.rank()).map(|i| (dims.len() - s.rank() + i) as i64).collect();
        self.broadcast_in_dim(dims, &at)
    }

    /// Puts dimension i at dimension at[i] of the result, stretching size 1.
    #[track_caller]
    pub fn broadcast_in_dim(self, dims: &[i64], at: &[i64]) -> Value {
        let s = self.shape();
        let fits = at.len() == s.rank() && (0..s.rank()).all(|i| dims.get(at[i] as usize).map_or(false, |&d| s.dims[i] == 1 || s.dims[i] == d));
        let out = with_dims(&s, dims.to_vec());
        if !fits {
            fail(&format!("broadcast_in_dim: {s} does not stretch to {out}"));
        }
        emit1("broadcast_in_dim", &[self], &[("to", Attr::Ints(dims)), ("dims", Attr::Ints(at))], out)
    }

    /// Rows along an axis at i32 indices.
    #[track_caller]
    pub fn take(self, axis: i64, indices: Value) -> Value {
        self.gather(axis, None, indices)
    }

    /// Rows along an axis at indices that share the first batch dimensions.
    #[track_caller]
    pub fn take_batched(self, axis: i64, batch: usize, indices: Value) -> Value {
        self.gather(axis, Some(batch), indices)
    }

    #[track_caller]
    fn gather(self, axis: i64, batch: Option<usize>, indices: Value) -> Value {
        let axis = self.axis(axis);
        let (s, at, b) = (self.shape(), indices.shape(), batch.unwrap_or(0));
        if at.dtype != DType::I32 || b > axis || b > at.rank() || s.rank() == 0 {
            fail(&format!("gather: axis {axis} with {b} batch dimensions does not fit {s} and indices {at}"));
            return self;
        }
        let out = [&s.dims[..axis], &at.dims[b..], &s.dims[axis + 1..]].concat();
        let attrs = [("axis", Attr::Int(axis as i64)), ("batch_dims", Attr::Int(b as i64))];
        emit1("gather", &[self, indices], &attrs[..if batch.is_some() { 2 } else { 1 }], with_dims(&s, out))
    }

    // Reductions over axes, or over everything where none is given.

    #[track_caller]
    fn reduce(self, kind: &str, axes: &[i64]) -> Value {
        let s = self.shape();
        let away: Vec<usize> = if axes.is_empty() { (0..s.rank()).collect() } else { axes.iter().map(|&a| self.axis(a)).collect() };
        let out = (0..s.rank()).filter(|i| !away.contains(i)).map(|i| s.dims[i]).collect();
        emit1("reduce", &[self], &[("dims", Attr::Ints(&wide(&away))), ("kind", Attr::Str(kind))], with_dims(&s, out))
    }
    #[track_caller]
    pub fn sum(self, axes: &[i64]) -> Value {
        self.reduce("add", axes)
    }
    #[track_caller]
    pub fn prod(self, axes: &[i64]) -> Value {
        self.reduce("multiply", axes)
    }
    #[track_caller]
    pub fn reduce_max(self, axes: &[i64]) -> Value {
        self.reduce("maximum", axes)
    }
    #[track_caller]
    pub fn reduce_min(self, axes: &[i64]) -> Value {
        self.reduce("minimum", axes)
    }
    #[track_caller]
    pub fn all(self, axes: &[i64]) -> Value {
        self.reduce("and", axes)
    }
    #[track_caller]
    pub fn any(self, axes: &[i64]) -> Value {
        self.reduce("or", axes)
    }
    #[track_caller]
    pub fn mean(self, axes: &[i64]) -> Value {
        let s = self.sum(axes);
        s.scale(s.size() as f64 / self.size() as f64)
    }

    /// Puts the reduced axes back as 1.
    #[track_caller]
    fn keep(self, like: Value, axes: &[i64]) -> Value {
        let mut dims = like.shape().dims;
        let away: Vec<usize> = axes.iter().map(|&a| like.axis(a)).collect();
        for (i, d) in dims.iter_mut().enumerate() {
            if axes.is_empty() || away.contains(&i) {
                *d = 1;
            }
        }
        self.reshape(&dims)
    }
    #[track_caller]
    pub fn sum_keep(self, axes: &[i64]) -> Value {
        self.sum(axes).keep(self, axes)
    }
    #[track_caller]
    pub fn mean_keep(self, axes: &[i64]) -> Value {
        self.mean(axes).keep(self, axes)
    }
    #[track_caller]
    pub fn max_keep(self, axes: &[i64]) -> Value {
        self.reduce_max(axes).keep(self, axes)
    }

    /// The i32 index of the largest element along an axis.
    #[track_caller]
    pub fn argmax(self, axis: i64) -> Value {
        let axis = self.axis(axis);
        let mut dims = self.shape().dims;
        if axis < dims.len() {
            dims.remove(axis);
        }
        emit1("argmax", &[self], &[("dim", Attr::Int(axis as i64))], Shape::of(DType::I32, &dims))
    }

    /// Products summed over one dimension of each.
    #[track_caller]
    pub fn dot(self, y: Value, x_contract: i64, y_contract: i64) -> Value {
        let (l, r) = (self.axis(x_contract), y.axis(y_contract));
        let (a, b) = (self.shape(), y.shape());
        if a.dtype != DType::F32 || b.dtype != DType::F32 || a.dims.get(l) != b.dims.get(r) {
            fail(&format!("dot_general: dimension {l} of {a} does not match dimension {r} of {b}"));
            return self;
        }
        let free = |s: &Shape, k: usize| -> Vec<i64> { (0..s.rank()).filter(|&i| i != k).map(|i| s.dims[i]).collect() };
        let out = [free(&a, l), free(&b, r)].concat();
        let (l, r) = ([l as i64], [r as i64]);
        emit1("dot_general", &[self, y], &[("lhs_batch", Attr::Ints(&[])), ("rhs_batch", Attr::Ints(&[])), ("lhs_contract", Attr::Ints(&l)), ("rhs_contract", Attr::Ints(&r))], Shape::f32(&out))
    }

    /// [...,M,K] times [K,N].
    #[track_caller]
    pub fn matmul(self, y: Value) -> Value {
        if y.rank() != 2 {
            fail(&format!("matmul: expected a matrix on the right, found {}", y.shape()));
        }
        self.dot(y, -1, 0)
    }

    /// Divides by the Euclidean norm along an axis, at least 1e-12.
    #[track_caller]
    pub fn l2_normalize(self, axis: i64) -> Value {
        let square = self.square().sum_keep(&[axis]);
        self.mul(square.max_const(1e-24).rsqrt())
    }

    /// -log softmax(self)[label] for logits f32[N,C] and labels i32[N]: f32[N].
    #[track_caller]
    pub fn cross_entropy(self, labels: Value) -> Value {
        let n = self.dim(0);
        let log_p = self.log_softmax();
        log_p.take_batched(1, 1, labels.reshape(&[n, 1])).reshape(&[n]).neg()
    }

    /// A square matrix with minus infinity (as -1e9) on its diagonal.
    #[track_caller]
    pub fn mask_diagonal(self) -> Value {
        let s = Shape::of(DType::I32, &self.shape().dims);
        if s.rank() < 2 {
            fail(&format!("the diagonal of {}", self.shape()));
            return self;
        }
        let (i, j) = (iota_of(&s, s.rank() - 2), iota_of(&s, s.rank() - 1));
        let diagonal = i.eq(j);
        diagonal.select(self.constant(-1e9), self)
    }

    /// i32 indices as f32 rows of n with a single 1.
    #[track_caller]
    pub fn one_hot(self, n: i64) -> Value {
        let at: Vec<i64> = (0..self.rank() as i64).collect();
        let dims = [self.shape().dims, vec![n]].concat();
        let classes = iota_of(&Shape::of(DType::I32, &dims), dims.len() - 1);
        self.broadcast_in_dim(&dims, &at).eq(classes).float()
    }
}
