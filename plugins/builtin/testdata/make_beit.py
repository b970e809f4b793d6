"""Writes beit.safetensors: tokens, loss and gradients of a tiny BEiT after the authors'
code (microsoft/unilm, beit/modeling_pretrain.py), on timm's blocks with absolute
positions and as published, with relative ones and scaled branches; and of a tiny
discrete VAE (beit/modeling_discrete_vae.py). Needs torch, timm and safetensors; run it here."""
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


class RelativeBlock(nn.Module):
    """Block and Attention of modeling_finetune.py, with a bias of keys, which softmax ignores"""

    def __init__(s, norm, heads=2):
        super().__init__()
        s.heads, s.norm1, s.norm2 = heads, norm(DIM), norm(DIM)
        s.attn = nn.ModuleDict({"qkv": nn.Linear(DIM, 3 * DIM), "proj": nn.Linear(DIM, DIM)})
        s.mlp = nn.ModuleDict({"fc1": nn.Linear(DIM, 4 * DIM), "fc2": nn.Linear(4 * DIM, DIM)})
        s.ls1, s.ls2 = nn.Module(), nn.Module()
        s.ls1.gamma, s.ls2.gamma = nn.Parameter(0.5 * torch.ones(DIM)), nn.Parameter(0.5 * torch.ones(DIM))

    def forward(s, x, bias):
        b, t, c = x.shape
        q, k, v = s.attn["qkv"](s.norm1(x)).reshape(b, t, 3, s.heads, -1).permute(2, 0, 3, 1, 4)
        a = (q * (c // s.heads) ** -0.5 @ k.transpose(-2, -1) + bias).softmax(-1)
        x = x + s.ls1.gamma * s.attn["proj"]((a @ v).transpose(1, 2).reshape(b, t, c))
        return x + s.ls2.gamma * s.mlp["fc2"](F.gelu(s.mlp["fc1"](s.norm2(x))))


def relative_index(h, w):
    """RelativePositionBias of modeling_finetune.py"""
    coords = torch.stack(torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")).flatten(1)
    r = (coords[:, :, None] - coords[:, None, :]).permute(1, 2, 0).contiguous()
    r[:, :, 0] += h - 1
    r[:, :, 1] += w - 1
    r[:, :, 0] *= 2 * w - 1
    n = (2 * h - 1) * (2 * w - 1) + 3
    index = torch.zeros(h * w + 1, h * w + 1, dtype=torch.long)
    index[1:, 1:] = r.sum(-1)
    index[0, 0:], index[0:, 0], index[0, 0] = n - 3, n - 2, n - 1
    return index, n


class BEiT(nn.Module):
    def __init__(s, relative=False):
        super().__init__()
        norm = partial(nn.LayerNorm, eps=1e-6)
        s.backbone = nn.Module()
        s.backbone.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, DIM, PATCH, PATCH)})
        s.backbone.cls_token = nn.Parameter(torch.randn(1, 1, DIM) * 0.2)
        s.relative = relative
        if relative:
            s.index, n = relative_index(SIZE // PATCH, SIZE // PATCH)
            s.backbone.rel_pos_bias = nn.Module()
            s.backbone.rel_pos_bias.relative_position_bias_table = nn.Parameter(torch.randn(n, 2))
        else:
            s.backbone.pos_embed = nn.Parameter(torch.randn(1, 1 + N, DIM) * 0.2)
        s.backbone.blocks = nn.ModuleList(RelativeBlock(norm) if relative else Block(DIM, 2, 4, qkv_bias=True, norm_layer=norm) for _ in range(2))
        s.backbone.norm = norm(DIM)
        s.mask_token = nn.Parameter(torch.randn(1, 1, DIM) * 0.2)
        s.lm_head = nn.Linear(DIM, CODES)

    def forward(s, x, masked):
        b = s.backbone
        x = b.patch_embed["proj"](x).flatten(2).transpose(1, 2)
        w = masked.unsqueeze(-1).type_as(x)
        x = x * (1 - w) + s.mask_token * w
        x = torch.cat((b.cls_token.expand(len(x), -1, -1), x), 1)
        if s.relative:
            bias = b.rel_pos_bias.relative_position_bias_table[s.index].permute(2, 0, 1)
        else:
            x = x + b.pos_embed
        for blk in b.blocks:
            x = blk(x, bias) if s.relative else blk(x)
        return s.lm_head(b.norm(x)[:, 1:])[masked]  # of the hidden patches alone


def masks():
    return torch.stack([torch.randperm(N) < MASKED for _ in range(B)])


def patches(x):
    return x.unfold(2, PATCH, PATCH).unfold(3, PATCH, PATCH).permute(0, 2, 3, 4, 5, 1).reshape(B, N, -1)


x, masked, codebook = torch.randn(B, 3, SIZE, SIZE).float().double(), masks(), torch.randn(CODES, PATCH * PATCH * 3).float().double()
p = patches(x)
p = (p - p.mean(-1, keepdim=True)) / (p.var(-1, keepdim=True) + 10 / 63.75**2).sqrt()
tokens = torch.cdist(p.reshape(B * N, -1), codebook).argmin(1).reshape(B, N)
for case in "absolute", "relative":
    net = BEiT(case == "relative")
    rounded(net)
    logits = net(x, masked)
    keep(case, net, F.cross_entropy(logits, tokens[masked]), x=x.permute(0, 2, 3, 1), hidden=masked.int(), codebook=codebook, accuracy=(logits.argmax(1) == tokens[masked]).double().mean()[None])


class ResBlock(nn.Module):
    def __init__(s, c):
        super().__init__()
        s.net = nn.Sequential(nn.Conv2d(c, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, c, 1))

    def forward(s, x):
        return s.net(x) + x


class DiscreteVAE(nn.Module):
    """beit/modeling_discrete_vae.py, with the divergence as a mean over places"""

    def __init__(s, layers=2, dim=5, hidden=4):
        super().__init__()
        s.codebook, s.backbone = nn.Embedding(CODES, dim), nn.Module()
        down, up = [], []
        for i in range(layers):
            down += [nn.Sequential(nn.Conv2d(hidden if i else 3, hidden, 4, stride=2, padding=1), nn.ReLU()), ResBlock(hidden)]
            up += [nn.Sequential(nn.ConvTranspose2d(hidden if i else dim, hidden, 4, stride=2, padding=1), nn.ReLU()), ResBlock(hidden)]
        s.backbone.encoder = nn.Sequential(*down, nn.Conv2d(hidden, CODES, 1))
        s.decoder = nn.Sequential(*up, nn.Conv2d(hidden, 3, 1))

    def forward(s, x, uniform, temperature, beta):
        logits = s.backbone.encoder(x)
        gumbels = -torch.log(-torch.log(uniform)).permute(0, 3, 1, 2)
        soft = ((logits + gumbels) / temperature).softmax(1)  # F.gumbel_softmax
        painted = s.decoder(torch.einsum("bnhw,nd->bdhw", soft, s.codebook.weight))
        reconstruction = F.mse_loss(painted, x)
        log_q = F.log_softmax(logits, dim=1)
        log_uniform = torch.full_like(log_q, 1 / CODES).log()
        kl = F.kl_div(log_uniform, log_q, reduction="sum", log_target=True) / (logits.numel() / CODES)
        tokens = logits.argmax(1)
        return reconstruction + beta * kl * tokens[0].numel() / x[0].numel(), dict(kl=kl[None], reconstruction=reconstruction[None], painted=painted.permute(0, 2, 3, 1),
            of_tokens=s.decoder(s.codebook(tokens).permute(0, 3, 1, 2)).permute(0, 2, 3, 1))


net = nn.ModuleDict({"vae": DiscreteVAE()})
rounded(net)
noise = torch.rand(B, 3, 3, CODES).float().double()
loss, more = net["vae"](x, noise, 0.7, 6.6)
keep("dvae", net, loss, x=x.permute(0, 2, 3, 1), noise=noise, **more)

save_file({k: (v if v.dtype == torch.int32 else v.float()).contiguous() for k, v in out.items()}, "beit.safetensors")
