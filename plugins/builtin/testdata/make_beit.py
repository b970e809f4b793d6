"""Writes beit.safetensors: tokens, loss and gradients of a tiny BEiT after the authors'
code (microsoft/unilm, beit/modeling_pretrain.py), on timm's blocks, with absolute
positions. Needs torch, timm and safetensors; run it here."""
from functools import partial

import timm.layers
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file
from timm.models.vision_transformer import Block

timm.layers.set_fused_attn(False)
torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
B, SIZE, PATCH, DIM, CODES, MASKED = 3, 12, 4, 16, 6, 4
N = (SIZE // PATCH) ** 2
out = {}


def rounded(module):
    """float32 numbers, norms and biases away from where they start"""
    for k, v in module.named_parameters():
        if v.ndim == 1:
            v.data += 0.2 * torch.randn_like(v)
        v.data = v.data.float().double()


def keep(case, module, loss, **more):
    loss.backward()
    out[f"{case}.loss"] = loss.detach()[None]
    for k, v in module.named_parameters():
        out[f"{case}.param.{k}"], out[f"{case}.grad.{k}"] = v.detach(), v.grad
    for k, v in more.items():
        out[f"{case}.{k}"] = v.detach()


class BEiT(nn.Module):
    def __init__(s):
        super().__init__()
        norm = partial(nn.LayerNorm, eps=1e-6)
        s.backbone = nn.Module()
        s.backbone.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, DIM, PATCH, PATCH)})
        s.backbone.cls_token = nn.Parameter(torch.randn(1, 1, DIM) * 0.2)
        s.backbone.pos_embed = nn.Parameter(torch.randn(1, 1 + N, DIM) * 0.2)
        s.backbone.blocks = nn.ModuleList(Block(DIM, 2, 4, qkv_bias=True, norm_layer=norm) for _ in range(2))
        s.backbone.norm = norm(DIM)
        s.mask_token = nn.Parameter(torch.randn(1, 1, DIM) * 0.2)
        s.lm_head = nn.Linear(DIM, CODES)

    def forward(s, x, masked):
        b = s.backbone
        x = b.patch_embed["proj"](x).flatten(2).transpose(1, 2)
        w = masked.unsqueeze(-1).type_as(x)
        x = x * (1 - w) + s.mask_token * w
        x = torch.cat((b.cls_token.expand(len(x), -1, -1), x), 1) + b.pos_embed
        for blk in b.blocks:
            x = blk(x)
        return s.lm_head(b.norm(x)[:, 1:])[masked]  # of the hidden patches alone


def masks():
    return torch.stack([torch.randperm(N) < MASKED for _ in range(B)])


def patches(x):
    return x.unfold(2, PATCH, PATCH).unfold(3, PATCH, PATCH).permute(0, 2, 3, 4, 5, 1).reshape(B, N, -1)


x, masked, codebook = torch.randn(B, 3, SIZE, SIZE).float().double(), masks(), torch.randn(CODES, PATCH * PATCH * 3).float().double()
p = patches(x)
p = (p - p.mean(-1, keepdim=True)) / (p.var(-1, keepdim=True) + 10 / 63.75**2).sqrt()
tokens = torch.cdist(p.reshape(B * N, -1), codebook).argmin(1).reshape(B, N)
net = BEiT()
rounded(net)
logits = net(x, masked)
keep("k-means", net, F.cross_entropy(logits, tokens[masked]), x=x.permute(0, 2, 3, 1), hidden=masked.int(), codebook=codebook, accuracy=(logits.argmax(1) == tokens[masked]).double().mean()[None])

save_file({k: (v if v.dtype == torch.int32 else v.float()).contiguous() for k, v in out.items()}, "beit.safetensors")
