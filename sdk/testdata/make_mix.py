"""Writes mix.safetensors: what timm's Mixup and CutMix make of a batch f32[B,C,H,W] and of its labels, for given
lambdas and rectangles' middles. Needs timm, torch and safetensors; run it in this folder."""
import numpy as np, torch
from safetensors.torch import save_file
from timm.data import mixup as m

x = torch.rand(4, 3, 9, 12, generator=torch.Generator().manual_seed(0))
labels = torch.tensor([2, 0, 4, 1])
nhwc = lambda t: t.permute(0, 2, 3, 1).contiguous()
tensors = {"x": nhwc(x), "labels": labels.int()}
for i, (lam, cy, cx) in enumerate([(0.3, 4, 6), (0.81, 0, 0), (0.05, 8, 11), (0.999, 3, 3)]):
    lam = float(np.float32(lam))
    y = x.clone()
    tensors[f"{i}.lambda"] = torch.tensor([lam])
    tensors[f"{i}.at"] = torch.tensor([cy, cx], dtype=torch.int32)
    tensors[f"{i}.mixup"] = nhwc(y * lam + y.flip(0) * (1 - lam))
    draws = iter((cy, cx))
    np.random.randint = lambda *a, **k: next(draws)
    (yl, yh, xl, xh), left = m.cutmix_bbox_and_lam(y.shape, lam)
    y[:, :, yl:yh, xl:xh] = x.flip(0)[:, :, yl:yh, xl:xh]
    tensors[f"{i}.cutmix"] = nhwc(y)
    tensors[f"{i}.left"] = torch.tensor([left], dtype=torch.float32)
    tensors[f"{i}.labels"] = m.mixup_target(labels, 5, left, 0.1)
save_file(tensors, "mix.safetensors")
