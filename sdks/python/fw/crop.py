"""Crops: rectangles for many images at once."""

from typing import NamedTuple

from .key import Key
from .params import Refusal, read_param
from .wire import Writer, fields


class Size(NamedTuple):
    """An image's size in pixels."""

    h: int
    w: int

    @property
    def area(self):
        return float(self.h) * float(self.w)

    def center_crop(self, min_ratio, max_ratio):
        """The largest centred rectangle whose width over height is within bounds:
        torchvision's fall-back, and marked as one."""
        h, w = self
        ratio = w / h
        if ratio < min_ratio:
            h = max(1, round(w / min_ratio))
        elif ratio > max_ratio:
            w = max(1, round(h * max_ratio))
        return Rect((self.h - h) // 2, (self.w - w) // 2, h, w, True)


class Box(NamedTuple):
    """Where the object may be, relative to the image; while that is not known, all of it."""

    y0: float = 0.0
    x0: float = 0.0
    y1: float = 1.0
    x1: float = 1.0
    known: bool = False


class Rect(NamedTuple):
    """A rectangle in pixels. fell_back says that no draw fitted; the host counts it."""

    y: int
    x: int
    h: int
    w: int
    fell_back: bool = False


class CropRequest:
    """Heights and widths of n images, 2n words of keys, no or 4n edges of boxes, no or n views."""

    def __init__(self, b):
        self.plugin, self.params = "", []
        self.height, self.width, self.keys, self.boxes, self.views = [], [], [], [], []
        for f in fields(b):
            if f.number == 1:
                self.plugin = f.string()
            elif f.number == 2:
                self.params.append(read_param(f))
            elif f.number == 3:
                self.height += f.uints()
            elif f.number == 4:
                self.width += f.uints()
            elif f.number == 5:
                self.keys += f.fixed32s()
            elif f.number == 6:
                self.boxes += f.doubles()
            elif f.number == 7:
                self.views += f.uints()


def answer(plugin, strategy, q):
    """The reply to a request for rectangles."""
    n = len(q.height)
    if len(q.width) != n or len(q.keys) != 2 * n or len(q.views) not in (0, n) or len(q.boxes) not in (0, 4 * n):
        raise Refusal(f"{plugin}: heights, widths, keys, views and boxes disagree in number")
    rects, fell_back = [], []
    for i in range(n):
        img = Size(q.height[i], q.width[i])
        box = Box(*q.boxes[4 * i : 4 * i + 4], True) if q.boxes else Box()
        r = strategy.crop(Key(q.keys[2 * i], q.keys[2 * i + 1]), img, box, q.views[i] if q.views else 0)
        if r.h < 1 or r.w < 1 or r.y < 0 or r.x < 0 or r.y + r.h > img.h or r.x + r.w > img.w:
            raise Refusal(f"{plugin}: a rectangle is not inside its image")
        rects += r[:4]
        if r.fell_back:
            fell_back.append(i)
    w = Writer()
    w.uints(1, rects)
    w.uints(2, fell_back)
    return bytes(w.b)
