"""Writes JPEG files of 500x375, quality 90, from the pictures of a tar or a folder, for views.py and fw bench --views."""
import argparse
import io
import os
import tarfile

from PIL import Image

p = argparse.ArgumentParser()
p.add_argument("source", help="tar or folder of pictures")
p.add_argument("folder", help="where the files go")
p.add_argument("--most", type=int, default=128)
a = p.parse_args()


def pictures():
    if os.path.isdir(a.source):
        for folder, _, names in sorted(os.walk(a.source)):
            for name in sorted(names):
                with open(os.path.join(folder, name), "rb") as f:
                    yield name, f.read()
        return
    with tarfile.open(a.source) as tar:
        for member in tar:
            if member.isfile():
                yield member.name, tar.extractfile(member).read()


n = 0
for name, data in pictures():
    if n == a.most:
        break
    if name.lower().endswith((".jpg", ".jpeg", ".png")):
        Image.open(io.BytesIO(data)).convert("RGB").resize((500, 375), Image.Resampling.BICUBIC).save(os.path.join(a.folder, f"{n:04}.jpg"), quality=90)
        n += 1
if n == 0:
    raise SystemExit(f"{a.source}: no pictures")
