//! The shape of values, and which of their elements.

use super::trace::{emit1, fail};
use super::types::{Attr, DType, Shape, Value};

pub(super) fn with_dims(s: &Shape, dims: Vec<i64>) -> Shape {
    Shape { dtype: s.dtype, dims }
}

pub(super) fn wide(list: &[usize]) -> Vec<i64> {
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
}
