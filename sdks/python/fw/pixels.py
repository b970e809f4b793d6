"""Augmentations that are evaluated, not traced: ordinary code on copied pictures."""

from typing import NamedTuple

from .key import Key
from .params import Refusal
from .types import I32, U8, U32, Shape
from .wire import Writer


class Pixels(NamedTuple):
    """A picture: h rows of w pixels of c levels each in data, a buffer that may be written.
    numpy.asarray(data).reshape(h, w, c) shares it."""

    h: int
    w: int
    c: int
    data: memoryview


def answer(plugin, recipe, q):
    """The reply to a request for pictures."""
    n = q.inputs[0].shape.dims[0] if q.inputs and q.inputs[0].shape and q.inputs[0].shape.rank == 4 else 0
    sizes = {U8: 1, U32: 4, I32: 4}
    if (
        n < 1
        or [a.shape for a in q.inputs[1:]] != [Shape(U32, n, 2), Shape(I32, n)]
        or q.inputs[0].shape.dtype != U8
        or any(len(a.data) != a.shape.size * sizes[a.shape.dtype] for a in q.inputs)
    ):
        raise Refusal(f"{plugin}: expected pictures u8[n,H,W,C], keys u32[n,2] and views i32[n]")
    pictures, keys, views = q.inputs
    out, words, which = bytearray(pictures.data), keys.data.cast("I"), views.data.cast("i")
    item = len(out) // n
    for i in range(n):
        data = memoryview(out)[i * item : (i + 1) * item]
        recipe.retouch(Key(words[2 * i], words[2 * i + 1]), which[i], Pixels(*pictures.shape.dims[1:], data))
    t = Writer()
    t.message(2, pictures.shape.encode())
    t.bytes(3, out)
    w = Writer()
    w.message(3, t)
    return bytes(w.b)
