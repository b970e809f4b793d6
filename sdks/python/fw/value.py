"""Arithmetic on values: an instruction or two each, with the rules of their shapes."""

from .picture import Picture
from .products import Products
from .shaping import Shaping
from .trace import emit1, fail, fill
from .types import BOOL, F32, I32, U8, Shape

UNARY = {
    "abs": "abs", "neg": "negate", "exp": "exponential", "expm1": "exponential_minus_one", "log": "log", "log1p": "log_plus_one",
    "sqrt": "sqrt", "rsqrt": "rsqrt", "tanh": "tanh", "sigmoid": "logistic", "erf": "erf", "sin": "sine", "cos": "cosine", "sign": "sign",
    "floor": "floor", "ceil": "ceil", "round": "round_nearest_even", "logical_not": "not",
    "stop_gradient": "stop_gradient", "softmax": "softmax", "log_softmax": "log_softmax",
}  # fmt: skip
BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "maximum": "maximum", "minimum": "minimum",
    "pow": "power", "rem": "remainder", "logical_and": "and", "logical_or": "or", "logical_xor": "xor",
}  # fmt: skip
COMPARED = {"eq": "EQ", "ne": "NE", "less": "LT", "less_eq": "LE", "greater": "GT", "greater_eq": "GE"}


class Value(Shaping, Products, Picture):
    """A value of the function under construction. The four rules of arithmetic, and all
    methods with a second value, broadcast by NumPy's rule; a number stands for a constant of
    the value's element type."""

    __slots__ = ("trace", "id")

    def __init__(self, trace, id):
        self.trace, self.id = trace, id

    @property
    def shape(self):
        return self.trace.shapes[self.id]

    @property
    def rank(self):
        return self.shape.rank

    @property
    def size(self):
        """The number of elements."""
        return self.shape.size

    def dim(self, i):
        """One dimension; a negative one counts from the end."""
        return self.shape.dims[self.axis(i)]

    def axis(self, i):
        r = self.rank
        if not -r <= i < r:
            fail(f"dimension {i} is outside {self.shape}")
        return i % r

    def filled(self, x):
        """A constant of this value's shape."""
        return fill(self.shape, x)

    def _pair(self, op, other, attrs=None, dtype=None):
        x, y = self.broadcast(other if isinstance(other, Value) else self.filled(other))
        if x.shape != y.shape:
            fail(f"{op}: expected two operands of one shape, found {x.shape} and {y.shape}")
        return emit1(op, (x, y), attrs or {}, Shape(dtype or x.shape.dtype, *x.shape.dims))

    def __add__(self, other):
        return self.add(other)

    def __sub__(self, other):
        return self.sub(other)

    def __mul__(self, other):
        return self.mul(other)

    def __truediv__(self, other):
        return self.div(other)

    def __mod__(self, other):
        return self.rem(other)

    def __matmul__(self, other):
        return self.matmul(other)

    def __neg__(self):
        return self.neg()

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other):
        return self.filled(other).sub(self)

    def __rtruediv__(self, other):
        return self.filled(other).div(self)

    def square(self):
        return self.mul(self)

    def relu(self):
        return self.maximum(0)

    def where(self, x, y):
        """x where this bool holds, else y; both broadcast against it."""
        p, (x, y) = self, x.broadcast(y)
        if self.rank > 0:
            p, x = p.broadcast(x)
            y = y.broadcast_to(p.shape.dims)
        elif x.shape.dtype != U8:
            p = p.broadcast_to(x.shape.dims)
        if p.shape.dtype != BOOL or x.shape != y.shape:
            fail(f"select: expected a predicate and two operands of its dimensions, found {p.shape}, {x.shape} and {y.shape}")
        return emit1("select", (p, x, y), {}, x.shape)

    def convert(self, dtype):
        """The same values in another element type."""
        if self.shape.dtype == dtype:
            return self
        return emit1("convert", (self,), {"to": dtype}, Shape(dtype, *self.shape.dims))

    def float(self):
        return self.convert(F32)

    def int(self):
        return self.convert(I32)


def _unary(op):
    def method(self):
        return emit1(op, (self,), {}, self.shape)

    return method


def _binary(op):
    def method(self, other):
        return self._pair(op, other)

    return method


def _compared(direction):
    def method(self, other):
        return self._pair("compare", other, {"direction": direction}, BOOL)

    return method


for _table, _method in ((UNARY, _unary), (BINARY, _binary), (COMPARED, _compared)):
    for _name, _op in _table.items():
        setattr(Value, _name, _method(_op))
