"""Messages: the subset of proto3 that docs/abi.md lays down."""

import struct

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class WireError(ValueError):
    """What is wrong with a message."""


def zigzag(x):
    if not -(1 << 63) <= x < 1 << 63:
        raise WireError(f"wire: {x} is no 64-bit integer")
    return x << 1 ^ x >> 63


def unzigzag(x):
    return (x >> 1) ^ -(x & 1)


def varint(x):
    out = bytearray()
    while x >= 0x80:
        out.append(x & 0x7F | 0x80)
        x >>= 7
    out.append(x)
    return bytes(out)


class Writer:
    """Appends fields; zero values are left out."""

    def __init__(self):
        self.b = bytearray()

    def _tag(self, field, wire_type):
        self.b += varint(field << 3 | wire_type)

    def uint(self, field, x):
        if x:
            self._tag(field, VARINT)
            self.b += varint(int(x))

    def sint(self, field, x):
        self.uint(field, zigzag(x))

    def double(self, field, x):
        bits = struct.pack("<d", x)
        if bits != bytes(8):
            self._tag(field, FIXED64)
            self.b += bits

    def bytes(self, field, b):
        if b:
            self.message(field, b)

    def string(self, field, s):
        self.bytes(field, s.encode())

    def message(self, field, body):
        """A nested message, also when it is empty: a Writer, or bytes."""
        body = body.b if isinstance(body, Writer) else body
        self._tag(field, BYTES)
        self.b += varint(len(body))
        self.b += body

    def uints(self, field, values):
        self.bytes(field, b"".join(map(varint, values)))

    def sints(self, field, values):
        self.uints(field, map(zigzag, values))

    def doubles(self, field, values):
        self.bytes(field, struct.pack(f"<{len(values)}d", *values))


class Field:
    """A field of a message that was read."""

    __slots__ = ("number", "wire_type", "value")

    def __init__(self, number, wire_type, value):
        self.number, self.wire_type, self.value = number, wire_type, value

    def _want(self, wire_type):
        if self.wire_type != wire_type:
            raise WireError(f"wire: field {self.number}: expected wire type {wire_type}, found {self.wire_type}")
        return self.value

    def uint(self):
        return self._want(VARINT)

    def int(self):
        """A varint that fits a non-negative 32-bit integer."""
        x = self.uint()
        if x > 0x7FFFFFFF:
            raise WireError(f"wire: field {self.number} is out of range")
        return x

    def sint(self):
        return unzigzag(self.uint())

    def double(self):
        return struct.unpack("<d", self._want(FIXED64))[0]

    def string(self):
        try:
            return str(self._want(BYTES), "utf-8")
        except UnicodeDecodeError:
            raise WireError("wire: text is not valid UTF-8") from None

    def bytes(self):
        """A view of the message's own bytes, not a copy."""
        return self._want(BYTES)

    def fields(self):
        return fields(self._want(BYTES))

    def uints(self):
        if self.wire_type == VARINT:
            return [self.value]
        b, at, out = self._want(BYTES), 0, []
        while at < len(b):
            x, at = read_varint(b, at)
            out.append(x)
        return out

    def sints(self):
        return [unzigzag(x) for x in self.uints()]

    def doubles(self):
        return self._fixed(FIXED64, "d", 8)

    def fixed32s(self):
        return self._fixed(FIXED32, "I", 4)

    def _fixed(self, wire_type, code, size):
        b = self.value if self.wire_type == wire_type else self._want(BYTES)
        if len(b) % size:
            raise WireError("wire: message ends in the middle of a field")
        return list(struct.unpack(f"<{len(b) // size}{code}", b))


def read_varint(b, at):
    x = 0
    for shift in range(0, 64, 7):
        if at >= len(b):
            raise WireError("wire: message ends in the middle of a field")
        c = b[at]
        at += 1
        if shift == 63 and c > 1:
            break
        x |= (c & 0x7F) << shift
        if c < 0x80:
            return x, at
    raise WireError("wire: varint is longer than 64 bits")


SIZES = {FIXED64: 8, FIXED32: 4}


def fields(b):
    """Walks the fields of a message."""
    b, at = memoryview(b), 0
    while at < len(b):
        tag, at = read_varint(b, at)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise WireError("wire: field number is out of range")
        if wire_type == VARINT:
            value, at = read_varint(b, at)
            yield Field(number, wire_type, value)
            continue
        if wire_type == BYTES:
            n, at = read_varint(b, at)
        elif wire_type in SIZES:
            n = SIZES[wire_type]
        else:
            raise WireError(f"wire: unknown wire type {wire_type}")
        if n > len(b) - at:
            raise WireError("wire: message ends in the middle of a field")
        yield Field(number, wire_type, b[at : at + n])
        at += n
