"""Makes boxes.safetensors with PyTorch: where feature maps are hot, as the authors of ContrastiveCrop find it
(update_box: channel sum, min-max on the small map, F.interpolate, any row and any column above the threshold).

    python core/localize/testdata/make_fixtures.py
"""
import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(0)
out = {}


def blobs(n, c, h, w):
    """Post-ReLU maps with a hot region each, on noise that is mostly cut off."""
    y, x = torch.meshgrid(torch.linspace(0, 1, h), torch.linspace(0, 1, w), indexing="ij")
    centre, width = torch.rand(n, 1, 1, 2), 0.05 + 0.3 * torch.rand(n, 1, 1)
    heat = torch.exp(-(((y - centre[..., 0]) ** 2 + (x - centre[..., 1]) ** 2) / width**2))
    return torch.relu(heat[:, None] * torch.rand(n, c, 1, 1) + 0.02 * torch.randn(n, c, h, w))


for name, n, c, (h, w), (height, width), k in [
    ("cifar", 24, 16, (4, 4), (32, 32), 0.1),
    ("tiny", 16, 8, (8, 8), (64, 64), 0.3),
    ("stl", 8, 8, (12, 12), (96, 96), 0.1),
    ("imagenet", 4, 8, (7, 7), (224, 224), 0.5),
    ("uneven", 12, 3, (3, 5), (47, 31), 0.7),
    ("smaller", 12, 3, (9, 6), (4, 5), 0.2),
    ("pixel", 4, 2, (2, 2), (2, 2), 0.9),
]:
    f = blobs(n, c, h, w)
    m = f.sum(1)
    low, high = m.flatten(1).min(1)[0].view(-1, 1, 1), m.flatten(1).max(1)[0].view(-1, 1, 1)
    big = F.interpolate(((m - low) / (high - low)).unsqueeze(1), size=(height, width), mode="bilinear", align_corners=False).squeeze(1)
    assert (big - k).abs().min() > 1e-6, name  # no place where rounding decides
    boxes = []
    for hot in big > k:
        rows, columns = torch.nonzero(hot.any(1)).view(-1), torch.nonzero(hot.any(0)).view(-1)
        if len(rows) == 0:
            boxes.append(torch.tensor([0.0, 0.0, 1.0, 1.0]))
            continue
        ends = torch.stack([rows[0], columns[0], rows[-1], columns[-1]])
        boxes.append(ends / torch.tensor([height, width, height, width]))
    out[name + ".maps"], out[name + ".boxes"] = m.contiguous(), torch.stack(boxes)
    out[name + ".size"], out[name + ".threshold"] = torch.tensor([height, width], dtype=torch.int32), torch.tensor([k])

path = os.path.join(os.path.dirname(__file__), "boxes.safetensors")
save_file(out, path, metadata={"torch": torch.__version__.split("+")[0]})
for name in sorted(out):
    if name.endswith(".boxes"):
        b = out[name]
        print(name, tuple(b.shape), "mean area %.3f" % ((b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])).mean())
