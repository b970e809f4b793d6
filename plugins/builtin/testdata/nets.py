"""The tiny networks of the fixtures, with the parameter names of torchvision and timm."""
import math
import torch, torch.nn as nn, torch.nn.functional as F


class Block(nn.Module):
    def __init__(s, i, o, stride):
        super().__init__()
        s.conv1, s.bn1 = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        s.conv2, s.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        s.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o)) if stride != 1 or i != o else None

    def forward(s, x):
        y = s.bn2(s.conv2(F.relu(s.bn1(s.conv1(x)))))
        return F.relu(y + (s.downsample(x) if s.downsample else x))


class ResNet(nn.Module):
    def __init__(s, w=8):
        super().__init__()
        s.conv1, s.bn1 = nn.Conv2d(3, w, 3, 1, 1, bias=False), nn.BatchNorm2d(w)
        s.layer1, s.layer2 = nn.Sequential(Block(w, w, 1)), nn.Sequential(Block(w, 2 * w, 2))

    def forward(s, x):
        return s.layer2(s.layer1(F.relu(s.bn1(s.conv1(x))))).mean((2, 3))


class ViTBlock(nn.Module):
    def __init__(s, d, h):
        super().__init__()
        s.h = h
        s.norm1, s.norm2 = nn.LayerNorm(d, eps=1e-6), nn.LayerNorm(d, eps=1e-6)
        s.attn = nn.ModuleDict({"qkv": nn.Linear(d, 3 * d), "proj": nn.Linear(d, d)})
        s.mlp = nn.ModuleDict({"fc1": nn.Linear(d, 4 * d), "fc2": nn.Linear(4 * d, d)})

    def forward(s, x):
        b, n, d = x.shape
        q, k, v = s.attn["qkv"](s.norm1(x)).reshape(b, n, 3, s.h, d // s.h).permute(2, 0, 3, 1, 4)
        a = (q @ k.transpose(-1, -2) / math.sqrt(d // s.h)).softmax(-1) @ v
        x = x + s.attn["proj"](a.transpose(1, 2).reshape(b, n, d))
        return x + s.mlp["fc2"](F.gelu(s.mlp["fc1"](s.norm2(x))))


class ViT(nn.Module):
    def __init__(s, d=16, h=2, depth=2, patch=4, size=12):
        super().__init__()
        s.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, d, patch, patch)})
        s.cls_token, s.pos_embed = nn.Parameter(torch.randn(1, 1, d) * 0.02), nn.Parameter(torch.randn(1, 1 + (size // patch) ** 2, d) * 0.02)
        s.blocks = nn.ModuleList(ViTBlock(d, h) for _ in range(depth))
        s.norm = nn.LayerNorm(d, eps=1e-6)

    def forward(s, x):
        t = s.patch_embed["proj"](x).flatten(2).transpose(1, 2)
        t = torch.cat([s.cls_token.expand(len(x), -1, -1), t], 1) + s.pos_embed
        for b in s.blocks:
            t = b(t)
        return s.norm(t)[:, 0]
