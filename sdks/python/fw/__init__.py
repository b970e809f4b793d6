"""All that the author of a plugin in Python imports; README.md shows how one is built.
Python 3.9 or later with grpcio; fw.torch needs torch too.

A mistake in a trace, or any exception, ends the call; the host's error has the author's
file and line."""

from .crop import Box, Rect, Size
from .key import Key
from .params import Bool, Float, Floats, Int, Ints, Refusal, String, refuse
from .pixels import Pixels
from .plugin import augment, backbone, crop, eval_augment, eval_loss, loss, pretext
from .serve import serve
from .shaping import concat
from .trace import constant, emit, fail, fill, iota, iota_of, scalar
from .types import BF16, BOOL, F32, I32, IMAGE, RECT, U8, U32, Numbers, Shape, float32
