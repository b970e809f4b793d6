//! Reductions, products, and what losses are made of.

use super::shapes::{wide, with_dims};
use super::trace::{emit1, fail, iota_of};
use super::types::{Attr, DType, Shape, Value};

impl Value {
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
        emit1(
            "dot_general",
            &[self, y],
            &[("lhs_batch", Attr::Ints(&[])), ("rhs_batch", Attr::Ints(&[])), ("lhs_contract", Attr::Ints(&l)), ("rhs_contract", Attr::Ints(&r))],
            Shape::f32(&out),
        )
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
