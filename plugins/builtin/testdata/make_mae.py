"""Writes mae.safetensors: loss, gradients and painted pixels of a tiny masked
autoencoder after the authors' code (facebookresearch/mae, models_mae.py and
util/pos_embed.py), whose blocks are timm's. Needs torch, timm, numpy and safetensors; run it here."""
from functools import partial

import numpy as np
import timm.layers
import torch
import torch.nn as nn
from safetensors.torch import save_file
from timm.models.vision_transformer import Block

timm.layers.set_fused_attn(False)
torch.manual_seed(0)
torch.set_default_dtype(torch.float64)


def sincos(dim, grid):
    def one(d, pos):
        omega = 1.0 / 10000 ** (np.arange(d // 2, dtype=float) / (d / 2.0))
        out = np.einsum("m,d->md", pos.reshape(-1), omega)
        return np.concatenate([np.sin(out), np.cos(out)], axis=1)

    g = np.meshgrid(np.arange(grid, dtype=float), np.arange(grid, dtype=float))  # w goes first
    table = np.concatenate([one(dim // 2, g[0]), one(dim // 2, g[1])], axis=1)
    return torch.tensor(np.concatenate([np.zeros([1, dim]), table], axis=0))[None]


class MAE(nn.Module):
    def __init__(s, fixed, patch=4, dim=16, depth=2, heads=2, ddim=8, ddepth=1, dheads=2, size=12):
        super().__init__()
        s.patch, grid = patch, size // patch
        norm = partial(nn.LayerNorm, eps=1e-6)
        s.backbone = nn.Module()
        s.backbone.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, dim, patch, patch)})
        s.backbone.cls_token = nn.Parameter(torch.randn(1, 1, dim) * 0.2)
        s.backbone.pos_embed = nn.Parameter(sincos(dim, grid) if fixed else torch.randn(1, 1 + grid**2, dim) * 0.2, requires_grad=not fixed)
        s.backbone.blocks = nn.ModuleList(Block(dim, heads, 4, qkv_bias=True, norm_layer=norm) for _ in range(depth))
        s.backbone.norm = norm(dim)
        s.decoder_embed = nn.Linear(dim, ddim)
        s.mask_token = nn.Parameter(torch.randn(1, 1, ddim) * 0.2)
        if fixed:
            s.register_buffer("decoder_pos_embed", sincos(ddim, grid))
        else:
            s.decoder_pos_embed = nn.Parameter(torch.randn(1, 1 + grid**2, ddim) * 0.2)
        s.decoder_blocks = nn.ModuleList(Block(ddim, dheads, 4, qkv_bias=True, norm_layer=norm) for _ in range(ddepth))
        s.decoder_norm = norm(ddim)
        s.decoder_pred = nn.Linear(ddim, patch**2 * 3)

    def patchify(s, imgs):
        p = s.patch
        h = w = imgs.shape[2] // p
        x = torch.einsum("nchpwq->nhwpqc", imgs.reshape(imgs.shape[0], 3, h, p, w, p))
        return x.reshape(imgs.shape[0], h * w, p**2 * 3)

    def forward(s, imgs, noise, ratio, norm_pix):
        b = s.backbone
        x = b.patch_embed["proj"](imgs).flatten(2).transpose(1, 2) + b.pos_embed[:, 1:, :]
        n, l, d = x.shape
        keep = int(l * (1 - ratio))
        shuffle = torch.argsort(noise, dim=1)
        restore = torch.argsort(shuffle, dim=1)
        x = torch.gather(x, 1, shuffle[:, :keep].unsqueeze(-1).repeat(1, 1, d))
        mask = torch.ones([n, l])
        mask[:, :keep] = 0
        mask = torch.gather(mask, 1, restore)
        x = torch.cat(((b.cls_token + b.pos_embed[:, :1, :]).expand(n, -1, -1), x), 1)
        for blk in b.blocks:
            x = blk(x)
        x = s.decoder_embed(b.norm(x))
        tokens = s.mask_token.repeat(n, l + 1 - x.shape[1], 1)
        y = torch.cat([x[:, 1:, :], tokens], 1)
        y = torch.gather(y, 1, restore.unsqueeze(-1).repeat(1, 1, x.shape[2]))
        x = torch.cat([x[:, :1, :], y], 1) + s.decoder_pos_embed
        for blk in s.decoder_blocks:
            x = blk(x)
        pred = s.decoder_pred(s.decoder_norm(x))[:, 1:, :]
        target, painted = s.patchify(imgs), pred
        if norm_pix:
            mean, var = target.mean(-1, keepdim=True), target.var(-1, keepdim=True)
            painted = pred * (var + 1e-6) ** 0.5 + mean
            target = (target - mean) / (var + 1e-6) ** 0.5
        loss = ((pred - target) ** 2).mean(-1)
        return (loss * mask).sum() / mask.sum(), mask, painted


out = {}
for case, fixed, norm_pix, ratio in (("fixed", True, True, 0.75), ("learned", False, False, 0.5)):
    net = MAE(fixed)
    imgs, noise = torch.randn(3, 3, 12, 12).float().double(), torch.rand(3, 9).float().double()
    for k, v in net.named_parameters():
        v.data = v.data.float().double()
        if v.ndim == 1:  # norms and biases away from where they start
            v.data += 0.2 * torch.randn_like(v).float().double()
            v.data = v.data.float().double()
        out[f"{case}.param.{k}"] = v.detach().clone()
    loss, mask, painted = net(imgs, noise, ratio, norm_pix)
    loss.backward()
    out |= {f"{case}.x": imgs.permute(0, 2, 3, 1), f"{case}.noise": noise, f"{case}.loss": loss.detach()[None], f"{case}.mask": mask, f"{case}.painted": painted.detach()}
    out |= {f"{case}.grad.{k}": v.grad for k, v in net.named_parameters() if v.grad is not None}
save_file({k: v.float().contiguous() for k, v in out.items()}, "mae.safetensors")
