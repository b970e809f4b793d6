"""Losses that are evaluated, not traced: a value and its gradients on copied tensors."""

from .params import Refusal, read_param
from .types import F32, I32, read_shape
from .wire import Writer, fields


class Array:
    """A copied tensor, row-major: its shape and little-endian bytes."""

    def __init__(self, shape, data):
        self.shape, self.data = shape, data

    def numbers(self):
        """The elements, without a copy."""
        return self.data.cast("f" if self.shape.dtype == F32 else "i")


class EvalRequest:
    def __init__(self, b):
        self.plugin, self.params, self.inputs = "", [], []
        for f in fields(b):
            if f.number == 1:
                self.plugin = f.string()
            elif f.number == 2:
                self.params.append(read_param(f))
            elif f.number == 3:
                shape, data = None, memoryview(b"")
                for t in f.fields():
                    if t.number == 2:
                        shape = read_shape(t)
                    elif t.number == 3:
                        data = t.bytes()
                self.inputs.append(Array(shape, data))


def answer(plugin, loss, q):
    """The reply to a request for a value and gradients."""
    for i, a in enumerate(q.inputs):
        if a.shape is None or a.shape.dtype not in (F32, I32) or len(a.data) != 4 * a.shape.size:
            raise Refusal(f"{plugin}: input {i}: expected f32 or i32 and all of its bytes, found {a.shape} in {len(a.data)}")
    value, grads = loss.eval(*q.inputs)
    w = Writer()
    w.double(1, float(value))
    wanted = [(i, a.shape) for i, a in enumerate(q.inputs) if a.shape.dtype == F32]
    if len(grads) != len(wanted):
        raise Refusal(f"{plugin}: expected {len(wanted)} gradients, found {len(grads)}")
    for (i, shape), g in zip(wanted, grads):
        g = memoryview(g).cast("B")
        if len(g) != 4 * shape.size:
            raise Refusal(f"{plugin}: expected a gradient of {shape.size} float32 for input {i}, found {len(g)} bytes")
        t = Writer()
        t.message(2, shape.encode())
        t.bytes(3, g)
        w.message(2, t)
    return bytes(w.b)
