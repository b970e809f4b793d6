"""Writes fixtures.safetensors: what the operations of torchvision.transforms.v2's RandAugment make of a
picture uint8 [H,W,3] by PIL, at two levels, in both directions and by two filters. Run it in this folder."""
import numpy as np, torch
from PIL import Image
from safetensors.numpy import save_file
from torchvision.transforms import InterpolationMode as Mode
from torchvision.transforms import v2

rng = np.random.default_rng(7)
yy, xx = np.mgrid[:16, :16]
x = np.stack([xx * 16, yy * 16, (xx + yy) * 8], -1) + rng.integers(-30, 30, (16, 16, 3))
x = x.clip(0, 255).astype(np.uint8)
tensors = {"picture": x}
for f in ("nearest", "bilinear"):
    for level in (9, 23):
        t = v2.RandAugment(interpolation=Mode(f))
        for index, (name, (magnitudes, signed)) in enumerate(t._AUGMENTATION_SPACE.items()):
            m = magnitudes(31, 16, 16)
            for sign in (1, -1):
                m_ = float(m[level]) * (sign if signed else 1) if m is not None else 0.0
                y = t._apply_image_or_video_transform(Image.fromarray(x), name, m_, interpolation=Mode(f), fill=t._fill)
                tensors[f"{f}.{level}.{index}.{sign}"] = np.asarray(y).copy()
save_file(tensors, "fixtures.safetensors")
