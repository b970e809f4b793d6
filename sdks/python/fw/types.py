"""Element types, shapes, and the attributes of instructions."""

import math
import struct

from .wire import WireError, Writer

F32, BF16, I32, U32, U8, BOOL, IMAGE, RECT = "f32", "bf16", "i32", "u32", "u8", "bool", "image", "rect"

DTYPES = (F32, BF16, I32, U32, U8, BOOL, IMAGE, RECT)
MAX_RANK, MAX_ELEMENTS = 8, 1 << 34


class Shape:
    """An element type and dimensions, written f32[512,128]."""

    __slots__ = ("dtype", "dims")

    def __init__(self, dtype, *dims):
        self.dtype, self.dims = dtype, tuple(dims)

    @property
    def rank(self):
        return len(self.dims)

    @property
    def size(self):
        """The number of elements."""
        return math.prod(self.dims)

    def sound(self):
        return self.rank <= MAX_RANK and all(d >= 1 for d in self.dims) and self.size <= MAX_ELEMENTS

    def __eq__(self, other):
        return isinstance(other, Shape) and self.dtype == other.dtype and self.dims == other.dims

    def __hash__(self):
        return hash((self.dtype, self.dims))

    def __repr__(self):
        return f"{self.dtype}[{','.join(map(str, self.dims))}]"

    def encode(self):
        w = Writer()
        w.string(1, self.dtype)
        w.uints(2, self.dims)
        return w


def read_shape(field):
    dtype, dims = None, []
    for f in field.fields():
        if f.number == 1:
            dtype = f.string()
            if dtype not in DTYPES:
                raise WireError("wire: unknown element type")
        elif f.number == 2:
            dims += f.uints()
    if dtype is None:
        raise WireError("wire: unknown element type")
    if len(dims) > MAX_RANK or any(d > MAX_ELEMENTS for d in dims):
        raise WireError("wire: shape is out of range")
    return Shape(dtype, *dims)


def float32(x):
    """x rounded to a float32, as a Python number."""
    try:
        return struct.unpack("<f", struct.pack("<f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


def element(dtype, x):
    """The little-endian bytes of x in an element type."""
    if dtype == F32:
        return struct.pack("<f", float32(x))
    if dtype == BF16:
        bits = struct.unpack("<I", struct.pack("<f", float32(x)))[0]
        if bits & 0x7F800000 == 0:  # a denormal is zero
            return struct.pack("<H", bits >> 16 & 0x8000)
        return struct.pack("<H", (bits + 0x7FFF + (bits >> 16 & 1)) >> 16 & 0xFFFF)
    return struct.pack({I32: "<i", U32: "<I"}.get(dtype, "<B"), int(x))


# Kinds of attributes, in the numbering of docs/abi.md.
INT, INTS, FLOAT, FLOATS, STRING, SHAPE, BYTES = range(1, 8)


class Numbers(tuple):
    """The value of an attribute that is a list of floats."""


def kind_of(value):
    """The kind that a Python value is written as."""
    if isinstance(value, (bool, int)):
        return INT
    for kind, types in ((FLOAT, float), (STRING, str), (SHAPE, Shape), (BYTES, (bytes, bytearray))):
        if isinstance(value, types):
            return kind
    if isinstance(value, Numbers):
        return FLOATS
    if isinstance(value, (list, tuple)):
        return INTS
    raise TypeError(f"an attribute of type {type(value).__name__}")


def encode_attr(name, value):
    kind = kind_of(value)
    w = Writer()
    w.string(1, name)
    w.uint(2, kind)
    if kind == SHAPE:
        w.message(8, value.encode())
        return w
    put = {INT: (w.sint, 3), INTS: (w.sints, 4), FLOAT: (w.double, 5), FLOATS: (w.doubles, 6), STRING: (w.string, 7), BYTES: (w.bytes, 9)}
    write, field = put[kind]
    write(field, value)
    return w
