"""The shape of values, and which of their elements."""

import math

from .trace import emit1, fail
from .types import I32, Shape


def concat(axis, *values):
    """Joins values along an axis."""
    if len(values) == 1:
        return values[0]
    first = values[0].shape
    axis = values[0].axis(axis)
    total = 0
    for v in values:
        s = v.shape
        if s.dtype != first.dtype or s.rank != first.rank or any(a != b for i, (a, b) in enumerate(zip(s.dims, first.dims)) if i != axis):
            fail(f"concatenate: cannot join {first} and {s} along {axis}")
        total += s.dims[axis]
    dims = list(first.dims)
    dims[axis] = total
    return emit1("concatenate", values, {"dim": axis}, Shape(first.dtype, *dims))


class Shaping:
    """What Value inherits of this file."""

    __slots__ = ()

    def _with(self, dims):
        return Shape(self.shape.dtype, *dims)

    def reshape(self, *dims):
        """Keeps the elements in row-major order; one dimension may be -1."""
        rest, dims = self.size, list(dims)
        if -1 in dims:
            known = math.prod(d for d in dims if d != -1)
            dims[dims.index(-1)] = rest // known if known > 0 else rest
        if tuple(dims) == self.shape.dims:
            return self
        to = self._with(dims)
        if to.size != self.size:
            fail(f"reshape: {self.shape} has {self.size} elements, {to} has {to.size}")
        return emit1("reshape", (self,), {"to": to.dims}, to)

    def transpose(self, *permutation):
        """Result dimension i is dimension permutation[i]."""
        if len(permutation) != self.rank:
            fail(f"transpose: permutation {list(permutation)} does not cover {self.shape}")
        p = [self.axis(d) for d in permutation]
        return emit1("transpose", (self,), {"permutation": p}, self._with([self.shape.dims[i] for i in p]))

    @property
    def T(self):
        """Swaps the last two dimensions."""
        n = self.rank
        if n < 2:
            fail(f"transpose of {self.shape} needs two dimensions")
        return self.transpose(*range(n - 2), n - 1, n - 2)

    def slice(self, axis, start, limit):
        """self[start:limit] along an axis; a limit of 0 or less counts from the end."""
        axis = self.axis(axis)
        dims = list(self.shape.dims)
        n = dims[axis]
        limit = limit + n if limit <= 0 else limit
        if start == 0 and limit == n:
            return self
        if not 0 <= start < limit <= n:
            fail(f"slice: [{start}:{limit}:1] is not inside dimension {axis} of {self.shape}")
        starts, limits = [0] * len(dims), list(dims)
        starts[axis], limits[axis], dims[axis] = start, limit, limit - start
        return emit1("slice", (self,), {"start": starts, "limit": limits, "stride": [1] * len(dims)}, self._with(dims))

    def reverse(self, axis):
        return emit1("reverse", (self,), {"dims": [self.axis(axis)]}, self.shape)

    def broadcast(self, other):
        """Both, stretched to one shape by NumPy's rule."""
        a, b = self.shape.dims, other.shape.dims
        if a == b:
            return self, other
        n = max(len(a), len(b))
        dims = []
        for p, q in zip((1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b):
            if p != q and p != 1 and q != 1:
                fail(f"shapes do not broadcast: {self.shape} and {other.shape}")
            dims.append(q if p == 1 else p)
        return self.broadcast_to(dims), other.broadcast_to(dims)

    def broadcast_to(self, dims):
        """Stretches to dims by NumPy's rule."""
        if self.shape.dims == tuple(dims):
            return self
        return self.broadcast_in_dim(dims, range(len(dims) - self.rank, len(dims)))

    def broadcast_in_dim(self, dims, at):
        """Puts dimension i at dimension at[i] of the result, stretching size 1."""
        at, dims, s = list(at), list(dims), self.shape
        if len(at) != s.rank or any(not 0 <= i < len(dims) or d not in (1, dims[i]) for d, i in zip(s.dims, at)):
            fail(f"broadcast_in_dim: {s} does not stretch to {self._with(dims)}")
        return emit1("broadcast_in_dim", (self,), {"to": dims, "dims": at}, self._with(dims))

    def take(self, axis, indices):
        """Rows along an axis at i32 indices."""
        return self._gather(axis, 0, indices, {})

    def take_batched(self, axis, batch, indices):
        """Rows along an axis at indices that share the first batch dimensions."""
        return self._gather(axis, batch, indices, {"batch_dims": batch})

    def _gather(self, axis, batch, indices, attrs):
        axis, d, at = self.axis(axis), self.shape.dims, indices.shape
        if at.dtype != I32 or batch > axis or batch > at.rank:
            fail(f"gather: axis {axis} with {batch} batch dimensions does not fit {self.shape} and indices {at}")
        out = d[:axis] + at.dims[batch:] + d[axis + 1 :]
        return emit1("gather", (self, indices), {"axis": axis, **attrs}, self._with(out))
