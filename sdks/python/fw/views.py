"""View programs: what one image becomes."""

from .trace import declare, emit1, fill, result, tracing
from .types import BOOL, F32, I32, IMAGE, RECT, U8, Shape


class Views:
    """Traces what one image becomes: crops, transforms, and targets."""

    def __init__(self):
        self._request = tracing().request
        self._crops = self._augments = self._views = 0

    @property
    def image(self):
        """The sample."""
        return declare("image", Shape(IMAGE))

    @property
    def size(self):
        """What the encoder sees, in pixels."""
        return self._request.image_size

    @property
    def channels(self):
        """Of pictures: 1 or 3."""
        return self._request.channels

    @property
    def index(self):
        """Of an augmentation: which of the task's calls it is traced for."""
        return self._request.view

    def crop(self, image, size=None):
        """What the experiment's crop strategy chooses, resized."""
        rect = emit1("call", (image,), {"callee": "crop", "view": self._crops, "shape": Shape(RECT)}, Shape(RECT))
        self._crops += 1
        return self._cut(image, rect, size or self.size)

    def whole(self, image):
        """The whole image, resized."""
        return self._cut(image, emit1("image_rect", (image,), {}, Shape(RECT)), self.size)

    def _cut(self, image, rect, size):
        attrs = {"height": size, "width": size, "channels": self.channels, "interpolation": "bilinear"}
        return emit1("image_crop_resize", (image, rect), attrs, Shape(U8, size, size, self.channels))

    def augment(self, picture):
        """The experiment's photometric recipe, drawn anew."""
        out = emit1("call", (picture,), {"callee": "augment", "view": self._augments, "shape": picture.shape}, picture.shape)
        self._augments += 1
        return out

    def view(self, picture):
        """Makes a picture one of the task's views, normalised as the dataset is."""
        x = picture.pixels()
        return self.view_of(emit1("image_normalize", (x,), {}, x.shape))

    def view_of(self, x):
        """Makes numbers one of the task's views as they are."""
        result(f"view.{self._views}", x)
        self._views += 1
        return View(self._views - 1)

    def uniform(self, lo, hi):
        return emit1("draw_uniform", (), {"low": float(lo), "high": float(hi)}, Shape(F32))

    def bernoulli(self, p):
        return emit1("draw_bernoulli", (), {"p": float(p)}, Shape(BOOL))

    def intn(self, n):
        return emit1("draw_int", (), {"n": n}, Shape(I32))

    def color_jitter(self, picture, brightness, contrast, saturation, hue):
        """torchvision's ColorJitter."""
        by = [self.uniform(max(0.0, 1 - x), 1 + x) for x in (brightness, contrast, saturation)]
        by.append(self.uniform(-hue, hue))
        by.append(emit1("draw_permutation", (), {"n": 4}, Shape(I32, 4)))
        return picture.picture("image_color_jitter", *by)

    def maybe(self, p, picture, f):
        """f(picture) with probability p."""
        if p <= 0:
            return picture
        toss = self.bernoulli(p)
        return toss.where(f(picture), picture)


class View:
    """One of a task's views."""

    def __init__(self, index):
        self._index = index

    def target(self, name, x):
        """Attaches a label, or a value computed in the view program."""
        result(f"target.{name}.{self._index}", fill(Shape(I32), x) if isinstance(x, int) else x)
        return self
