"""Reductions, products, and what losses are made of."""

from .trace import emit1, fail, iota_of
from .types import F32, I32, Shape


class Products:
    """What Value inherits of this file. Reductions are over axes, or over everything where
    none is given; keep leaves the reduced axes as 1."""

    __slots__ = ()

    def _reduce(self, kind, axes, keep):
        away = [self.axis(a) for a in axes] if axes else list(range(self.rank))
        dims = self.shape.dims
        out = emit1("reduce", (self,), {"dims": away, "kind": kind}, self._with([d for i, d in enumerate(dims) if i not in away]))
        return out.reshape(*(1 if i in away else d for i, d in enumerate(dims))) if keep else out

    def sum(self, *axes, keep=False):
        return self._reduce("add", axes, keep)

    def prod(self, *axes, keep=False):
        return self._reduce("multiply", axes, keep)

    def reduce_max(self, *axes, keep=False):
        return self._reduce("maximum", axes, keep)

    def reduce_min(self, *axes, keep=False):
        return self._reduce("minimum", axes, keep)

    def all(self, *axes, keep=False):
        return self._reduce("and", axes, keep)

    def any(self, *axes, keep=False):
        return self._reduce("or", axes, keep)

    def mean(self, *axes, keep=False):
        s = self._reduce("add", axes, False)
        s = s.mul(s.size / self.size)
        if not keep:
            return s
        away = [self.axis(a) for a in axes] if axes else range(self.rank)
        return s.reshape(*(1 if i in away else d for i, d in enumerate(self.shape.dims)))

    def argmax(self, axis):
        """The i32 index of the largest element along an axis."""
        axis = self.axis(axis)
        d = self.shape.dims
        return emit1("argmax", (self,), {"dim": axis}, Shape(I32, *d[:axis], *d[axis + 1 :]))

    def dot(self, other, contract, other_contract):
        """Products summed over one dimension of each."""
        l, r = self.axis(contract), other.axis(other_contract)
        a, b = self.shape, other.shape
        if a.dtype != F32 or b.dtype != F32 or a.dims[l] != b.dims[r]:
            fail(f"dot_general: dimension {l} of {a} does not match dimension {r} of {b}")
        out = a.dims[:l] + a.dims[l + 1 :] + b.dims[:r] + b.dims[r + 1 :]
        return emit1("dot_general", (self, other), {"lhs_batch": [], "rhs_batch": [], "lhs_contract": [l], "rhs_contract": [r]}, Shape(F32, *out))

    def matmul(self, other):
        """[...,M,K] times [K,N]; also written @."""
        if other.rank != 2:
            fail(f"matmul: expected a matrix on the right, found {other.shape}")
        return self.dot(other, -1, 0)

    def l2_normalize(self, axis):
        """Divides by the Euclidean norm along an axis, at least 1e-12."""
        square = self.square().sum(axis, keep=True)
        return self.mul(square.maximum(1e-24).rsqrt())

    def cross_entropy(self, labels):
        """-log softmax(self)[label] for logits f32[N,C] and labels i32[N]: f32[N]."""
        n = self.dim(0)
        log_p = self.log_softmax()
        return log_p.take_batched(1, 1, labels.reshape(n, 1)).reshape(n).neg()

    def mask_diagonal(self):
        """A square matrix with minus infinity (as -1e9) on its diagonal."""
        if self.rank < 2:
            fail(f"the diagonal of {self.shape}")
        s = Shape(I32, *self.shape.dims)
        diagonal = iota_of(s, s.rank - 2).eq(iota_of(s, s.rank - 1))
        return diagonal.where(self.filled(-1e9), self)

    def one_hot(self, n):
        """i32 indices as f32 rows of n with a single 1."""
        dims = (*self.shape.dims, n)
        classes = iota_of(Shape(I32, *dims), len(dims) - 1)
        return self.broadcast_in_dim(dims, range(self.rank)).eq(classes).float()
