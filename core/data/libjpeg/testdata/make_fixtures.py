"""JPEG files with the SHA-256 of what Pillow reads: python make_fixtures.py."""
import hashlib
import json
import os

import numpy
import PIL
from PIL import Image, features

here = os.path.dirname(os.path.abspath(__file__))
noise = numpy.random.RandomState(2)


def waves(h, w):
    """A smooth picture with edges in all channels."""
    y, x = numpy.mgrid[:h, :w]
    rgb = [127 + 120 * numpy.sin(x / 3.1 + y / 7.7), 127 + 120 * numpy.cos(x / 9.3 - y / 2.3), 255 * ((x // 5 + y // 7) % 2)]
    return numpy.stack(rgb, -1).clip(0, 255).astype(numpy.uint8)


cases = {}
for name, h, w, options in [
    ("420", 40, 56, dict(subsampling=2)),
    ("420-odd", 37, 43, dict(subsampling=2, quality=95)),
    ("420-narrow", 21, 3, dict(subsampling=2)),
    ("420-two", 9, 2, dict(subsampling=2)),
    ("420-one", 1, 1, dict(subsampling=2)),
    ("420-wide", 17, 150, dict(subsampling=2, quality=30)),
    ("420-restart", 50, 61, dict(subsampling=2, restart_marker_blocks=3)),
    ("422", 31, 45, dict(subsampling=1, quality=90)),
    ("422-narrow", 8, 4, dict(subsampling=1)),
    ("444", 33, 35, dict(subsampling=0, quality=100)),
    ("444-coarse", 24, 24, dict(subsampling=0, quality=3)),
    ("progressive", 45, 62, dict(subsampling=2, progressive=True)),
    ("progressive-422", 30, 33, dict(subsampling=1, progressive=True, quality=40)),
    ("progressive-444", 20, 26, dict(subsampling=0, progressive=True, quality=98)),
    ("progressive-gray", 21, 29, dict(progressive=True)),
    ("progressive-restart", 40, 50, dict(subsampling=2, progressive=True, restart_marker_blocks=4)),
    ("optimised", 48, 48, dict(subsampling=2, optimize=True)),
    ("gray", 19, 27, dict(quality=80)),
    ("noise", 40, 40, dict(subsampling=2, quality=97)),
    ("noise-444", 25, 25, dict(subsampling=0, quality=100)),
]:
    rgb = noise.randint(0, 256, (h, w, 3)).astype(numpy.uint8) if name.startswith("noise") else waves(h, w)
    image = Image.fromarray(rgb)
    if name.endswith("gray"):
        image = image.convert("L")
    path = os.path.join(here, name + ".jpg")
    image.save(path, **options)
    read = numpy.array(Image.open(path).convert("RGB"))
    cases[name] = dict(h=h, w=w, sha256=hashlib.sha256(read.tobytes()).hexdigest())

with open(os.path.join(here, "sums.json"), "w") as f:
    json.dump({"pillow": PIL.__version__, "libjpeg-turbo": features.version("libjpeg_turbo"), "files": cases}, f, indent=1)
    f.write("\n")
