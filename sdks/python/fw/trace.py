"""A trace: calls on values become the instructions of a function, kept as the bytes of
their message. Any op of docs/abi.md can be emitted; Value has methods for most."""

import os
import sys

from .types import I32, F32, Shape, element, encode_attr
from .wire import Writer

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_INSIDE = {}  # whether a file is one of this package's


class Mistake(Exception):
    """A mistake in a trace, with the author's file and line."""


class Needed(Exception):
    """Ends a trace that met a callee whose result's shape is not known yet."""

    def __init__(self, callee, operands):
        super().__init__(f"needs the shape of {callee}")
        self.callee, self.operands = callee, operands


def inside(path):
    if path not in _INSIDE:
        _INSIDE[path] = os.path.abspath(path).startswith(_HERE)
    return _INSIDE[path]


def place():
    """The first frame outside of this package: the author's file and line."""
    f = sys._getframe(1)
    while f is not None and inside(f.f_code.co_filename):
        f = f.f_back
    return (os.path.basename(f.f_code.co_filename), f.f_lineno) if f else ("", 0)


def fail(text):
    """Ends the trace with a mistake at the author's place."""
    file, line = place()
    raise Mistake(f"{file}:{line}: {text}")


class Trace:
    """The function under construction. There is one at a time."""

    current = None

    def __init__(self, request):
        self.request = request
        self.named = {}
        self.shapes = []
        self.inputs, self.instructions, self.outputs = Writer(), Writer(), Writer()

    def define(self, shape, value_type):
        self.shapes.append(shape)
        return value_type(self, len(self.shapes) - 1)

    def program(self):
        """The function as a program of version 1."""
        f, w = Writer(), Writer()
        f.string(1, self.request.func)
        for part in (self.inputs, self.instructions, self.outputs):
            f.b += part.b
        w.uint(1, 1)
        w.message(2, f)
        return w


def tracing():
    """The current Trace."""
    if Trace.current is None:
        raise RuntimeError("values exist only while the host asks for a program")
    return Trace.current


def declare(name, shape):
    """An input: declared, or found by its name."""
    from .value import Value

    t = tracing()
    if name not in t.named:
        w = Writer()
        w.string(1, name)
        w.message(2, shape.encode())
        t.inputs.message(2, w)
        t.named[name] = t.define(shape, Value)
    return t.named[name]


def result(name, x):
    """Names a result of the function."""
    t = tracing()
    if getattr(x, "trace", None) is not t:
        fail(f"output {name} is no value of this function")
    w = Writer()
    w.string(1, name)
    w.uint(2, x.id)
    t.outputs.message(4, w)


def emit(op, operands, attrs, *results):
    """Adds an instruction with the shapes of its results, which the host checks against
    the table of ops: a list of values."""
    from .value import Value

    t = tracing()
    for i, v in enumerate(operands):
        if getattr(v, "trace", None) is not t:
            fail(f"{op}: operand {i} is no value of this function")
    for s in results:
        if not s.sound():
            fail(f"{op}: {s} has a dimension below 1 or too many elements")
    w = Writer()
    w.string(1, op)
    w.uints(2, (v.id for v in operands))
    for s in results:
        w.message(3, s.encode())
    for name in sorted(attrs):
        w.message(4, encode_attr(name, attrs[name]))
    file, line = place()
    w.string(5, file)
    w.uint(6, line)
    t.instructions.message(3, w)
    return [t.define(s, Value) for s in results]


def emit1(op, operands, attrs, shape):
    return emit(op, operands, attrs, shape)[0]


def fill(shape, x):
    """A constant of a shape with every element x."""
    return emit1("constant", (), {"shape": shape, "value": element(shape.dtype, x)}, shape)


def scalar(x):
    """The f32[] constant x."""
    return fill(Shape(F32), x)


def constant(shape, elements):
    """A tensor known when tracing."""
    if len(elements) != shape.size:
        fail(f"constant {shape} needs {shape.size} elements, found {len(elements)}")
    return emit1("constant", (), {"shape": shape, "value": b"".join(element(shape.dtype, x) for x in elements)}, shape)


def iota(n):
    """i32 0, 1 ... n-1."""
    return iota_of(Shape(I32, n), 0)


def iota_of(shape, dim):
    """Counts along one dimension of a shape."""
    return emit1("iota", (), {"shape": shape, "dim": dim}, shape)
