"""Parameters: attributes of a plugin's class, set to the experiment's values before each
call."""

import json
import math
from decimal import Decimal

from .wire import Writer


class Refusal(Exception):
    """What a plugin refuses, in words for the user."""


class ParamFault(Exception):
    """A parameter, and why its value is refused."""


def refuse(param, why):
    """Ends a call because a parameter's value does not do; the host says where the experiment
    sets it."""
    raise ParamFault(param, why)


class Param:
    """Declares a parameter. Bounds hold for each element of a list."""

    kind, word = "", ""

    def __init__(self, default, doc, *, at_least=None, above=None, at_most=None, below=None, choices=()):
        if (at_least is not None and above is not None) or (at_most is not None and below is not None):
            raise ValueError("a parameter has one lower and one upper bound at most")
        self.default, self.doc, self.choices = self.own(self.kind, default), doc, tuple(choices)
        self.min, self.min_open = (above, True) if above is not None else (at_least, False)
        self.max, self.max_open = (below, True) if below is not None else (at_most, False)

    def own(self, kind, value):
        """value as this type has it, or None: an integer does where a number is wanted."""
        return value if kind == self.kind else None

    def numbers(self, value):
        return [value]

    def admits(self, value):
        if self.choices:
            return value in self.choices
        for x in self.numbers(value):
            if not math.isfinite(x) or (self.min is not None and (x < self.min or self.min_open and x == self.min)):
                return False
            if self.max is not None and (x > self.max or self.max_open and x == self.max):
                return False
        return True

    def expected(self):
        if self.choices:
            return "one of " + ", ".join(self.choices)
        low, high = self.min is not None, self.max is not None
        if low and high:
            bounds = f"in {'(' if self.min_open else '['}{_number(self.min)}, {_number(self.max)}{')' if self.max_open else ']'}"
        elif low:
            bounds = f"{'above' if self.min_open else 'of at least'} {_number(self.min)}"
        elif high:
            bounds = f"{'below' if self.max_open else 'of at most'} {_number(self.max)}"
        else:
            return self.word
        return f"{self.word} {bounds}"

    def check(self, name, kind, value):
        own = self.own(kind, value)
        if own is None or not self.admits(own):
            refuse(name, f"expected {self.expected()}, found {shown(kind, value)}")
        return own

    def encode(self, name):
        w = Writer()
        w.string(1, name)
        w.string(2, self.kind)
        w.message(3, encode_value(self.kind, self.default))
        w.uint(4, self.min is not None)
        w.uint(5, self.max is not None)
        w.double(6, self.min or 0.0)
        w.double(7, self.max or 0.0)
        w.uint(8, self.min_open)
        w.uint(9, self.max_open)
        for c in self.choices:
            w.string(10, c)
        w.string(11, self.doc)
        return w


class Float(Param):
    kind, word = "float", "a number"

    def own(self, kind, value):
        return float(value) if kind in ("float", "int") else None


class Int(Param):
    kind, word = "int", "an integer"


class Bool(Param):
    kind, word = "bool", "true or false"

    def own(self, kind, value):
        return bool(value) if kind == "bool" else None

    def numbers(self, value):
        return []


class String(Param):
    kind, word = "string", "a string"

    def numbers(self, value):
        return []


class Floats(Param):
    kind, word = "floats", "a list of numbers"

    def own(self, kind, value):
        return [float(x) for x in value] if kind in ("floats", "ints") else None

    def numbers(self, value):
        return value


class Ints(Param):
    kind, word = "ints", "a list of integers"

    def own(self, kind, value):
        return list(value) if kind == "ints" else None

    def numbers(self, value):
        return value


def _number(x):
    """A bound, as the host writes it."""
    return str(int(x)) if x == int(x) and abs(x) < 1e15 else format_float(x)


def format_float(x):
    """x in the fewest digits that give it back, written as Go's %g does."""
    sign, digits, exponent = Decimal(repr(float(x))).normalize().as_tuple()
    e = len(digits) + exponent - 1  # of the first digit
    if x == 0 or -4 <= e < 6:
        return format(Decimal((sign, digits, exponent)), "f")
    first, rest = digits[0], "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{first}{'.' + rest if rest else ''}e{e:+03d}"


def shown(kind, value):
    """A value as TOML writes it."""
    if kind in ("floats", "ints"):
        return f"[{', '.join(shown(kind[:-1], x) for x in value)}]"
    if kind == "float":
        if not math.isfinite(value):
            return str(value)
        s = format_float(value)
        return s if "." in s or "e" in s else s + ".0"
    if kind == "bool":
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if kind == "string" else str(value)


def encode_value(kind, value):
    w = Writer()
    w.string(1, kind)
    put = {"float": (w.double, 2), "int": (w.sint, 3), "bool": (w.sint, 3), "string": (w.string, 4), "floats": (w.doubles, 5), "ints": (w.sints, 6)}
    write, field = put[kind]
    write(field, value)
    return w


def read_param(field):
    """The name, type and value of a parameter that the request gives."""
    name, kind, found = "", "", {}
    for f in field.fields():
        if f.number == 1:
            name = f.string()
        elif f.number == 2:
            for v in f.fields():
                if v.number == 1:
                    kind = v.string()
                elif v.number == 2:
                    found["float"] = v.double()
                elif v.number == 3:
                    found["int"] = v.sint()
                elif v.number == 4:
                    found["string"] = v.string()
                elif v.number == 5:
                    found.setdefault("floats", []).extend(v.doubles())
                elif v.number == 6:
                    found.setdefault("ints", []).extend(v.sints())
    zero = {"float": 0.0, "int": 0, "bool": found.get("int", 0), "string": "", "floats": [], "ints": []}
    return name, kind, found.get(kind, zero.get(kind))


def configure(plugin, target, specs, ordered, given):
    """Sets the attributes of target to what was given, the rest to their defaults."""
    values = {name: p.default for name, p in specs.items()}
    for name, kind, value in given:
        if name not in specs:
            raise Refusal(f'{plugin}: unknown parameter {json.dumps(name, ensure_ascii=False)}')
        values[name] = specs[name].check(name, kind, value)
    for low, high in ordered:
        if values[low] > values[high]:
            refuse(low, f"expected at most {high}, which is {shown('float', values[high])}, found {shown('float', values[low])}")
    for name, value in values.items():
        setattr(target, name, value)
