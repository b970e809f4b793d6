"""Operations on pictures u8[H,W,C], in view programs and augmentations."""

from .trace import emit1, fail, fill
from .types import I32, F32, Shape


class Picture:
    """What Value inherits of this file."""

    __slots__ = ()

    def picture(self, op, *by):
        """An op that keeps the picture's size: image_brightness, image_solarize ..."""
        return emit1(op, (self, *by), {}, self.shape)

    def rotate90(self, k):
        """Turns by k quarter turns counter-clockwise."""
        s = self.shape
        if s.rank != 3 or s.dims[0] != s.dims[1]:
            fail(f"image_rotate90: expected a square picture, found {s}")
        return self.picture("image_rotate90", fill(Shape(I32), k))

    def flip_horizontal(self):
        return self.picture("image_flip_horizontal")

    def grayscale(self):
        return self.picture("image_grayscale")

    def pixels(self):
        """The picture as f32[H,W,C] in [0,1]."""
        return emit1("image_to_float", (self,), {}, Shape(F32, *self.shape.dims))
