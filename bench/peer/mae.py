"""MAE's training step in PyTorch (He et al. 2022): pre-norm ViT, MLP ratio 4, GELU, class token, learned positions; a
quarter of the patches is encoded, the decoder paints the rest; mean squared error over hidden patches;
AdamW. The images are ready-made random tensors, the mask is drawn at every step."""
import peer  # first: it knows when the process began

a = peer.flags(
    ("--size", dict(type=int, default=32, help="side of an image")),
    ("--patch", dict(type=int, default=4)),
    ("--dim", dict(type=int, default=192)),
    ("--depth", dict(type=int, default=12)),
    ("--heads", dict(type=int, default=3)),
    ("--decoder-dim", dict(type=int, default=128)),
    ("--decoder-depth", dict(type=int, default=2)),
    ("--decoder-heads", dict(type=int, default=4)),
    ("--mask", dict(type=float, default=0.75, help="share of the patches that is hidden")),
)

import torch
import torch.nn as nn
import torch.nn.functional as F

peer.settle(a)


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, d)
        x = x + self.proj(y)
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


def learned(*shape):
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(*shape), std=0.02))


class MAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = (a.size // a.patch) ** 2
        self.kept = int(self.patches * (1 - a.mask))
        self.embed = nn.Conv2d(3, a.dim, a.patch, a.patch)
        self.cls, self.pos = learned(1, 1, a.dim), learned(1, 1 + self.patches, a.dim)
        self.blocks = nn.ModuleList([Block(a.dim, a.heads) for _ in range(a.depth)])
        self.norm = nn.LayerNorm(a.dim, eps=1e-6)
        self.decoder_embed = nn.Linear(a.dim, a.decoder_dim)
        self.mask_token, self.decoder_pos = learned(1, 1, a.decoder_dim), learned(1, 1 + self.patches, a.decoder_dim)
        self.decoder_blocks = nn.ModuleList([Block(a.decoder_dim, a.decoder_heads) for _ in range(a.decoder_depth)])
        self.decoder_norm = nn.LayerNorm(a.decoder_dim, eps=1e-6)
        self.decoder_pred = nn.Linear(a.decoder_dim, a.patch * a.patch * 3)

    def forward(self, x):
        """x f32[B,3,S,S] to predictions [B,N,P*P*3] and the mask f32[B,N], 1 where a patch was hidden."""
        b = x.shape[0]
        tokens = self.embed(x).flatten(2).transpose(1, 2) + self.pos[:, 1:]
        order = torch.rand(b, self.patches).argsort(1)
        restore = order.argsort(1)
        keep = order[:, : self.kept, None]
        seen = torch.cat([(self.cls + self.pos[:, :1]).expand(b, -1, -1), tokens.gather(1, keep.expand(-1, -1, a.dim))], 1)
        for block in self.blocks:
            seen = block(seen)
        y = self.decoder_embed(self.norm(seen))
        full = torch.cat([y[:, 1:], self.mask_token.to(y.dtype).expand(b, self.patches - self.kept, -1)], 1)
        full = full.gather(1, restore[..., None].expand(-1, -1, a.decoder_dim))
        y = torch.cat([y[:, :1], full], 1) + self.decoder_pos
        for block in self.decoder_blocks:
            y = block(y)
        return self.decoder_pred(self.decoder_norm(y))[:, 1:], (restore >= self.kept).float()


model = MAE()


def patchify(x):
    b, g = x.shape[0], a.size // a.patch
    return x.reshape(b, 3, g, a.patch, g, a.patch).permute(0, 2, 4, 3, 5, 1).reshape(b, g * g, -1)


def loss(x):
    with torch.autocast("cpu", torch.bfloat16, enabled=a.precision == "bf16"):
        pred, mask = model(x)
    return ((pred.float() - patchify(x)).square().mean(-1) * mask).sum() / mask.sum()


optimizer = torch.optim.AdamW(model.parameters(), lr=1.5e-4, betas=(0.9, 0.95), weight_decay=0.05)
peer.run(a, model, loss, optimizer, [torch.randn(a.batch, 3, a.size, a.size)], a.batch)
