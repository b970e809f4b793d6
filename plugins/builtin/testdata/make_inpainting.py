"""Writes inpainting.safetensors: three steps of a tiny denoising autoencoder (Vincent et
al. 2008), context encoder (pathak22/context-encoder, train.lua, without and with its
adversary) and SimMIM (microsoft/SimMIM, models/simmim.py), in float64. Of SGD's
momentum is kept what shows each step's gradients. Needs torch and safetensors; run it here."""
import torch, torch.nn as nn, torch.nn.functional as F
from safetensors.torch import save_file
from nets import Block, ResNet, ViT

torch.set_default_dtype(torch.float64)
torch.manual_seed(11)
B, S, STEPS, LR = 3, 16, 3, 0.05
out = {}


def normal(*shape):
    return torch.randn(*shape).float().double()


class Map(ResNet):
    def __init__(s):
        super().__init__(2)
        s.layer3 = nn.Sequential(Block(4, 8, 2))

    def forward(s, x):
        return s.layer3(s.layer2(s.layer1(F.relu(s.bn1(s.conv1(x))))))


def up(i, o):
    layer = nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False)
    layer.weight.data = torch.randn_like(layer.weight) * 0.2
    return layer


class Channelwise(nn.Module):
    def __init__(s, d, places):
        super().__init__()
        s.weight = nn.Parameter(torch.randn(d, places, places) * 0.2)

    def forward(s, x):
        return torch.einsum("bdp,dqp->bdq", x.flatten(2), s.weight).reshape(x.shape)


def train(name, model, step):
    """step(k) gives the loss, the discriminator's or None, and the batch's inputs."""
    key = name + "."
    for n, p in model.named_parameters():
        p.data = p.data.float().double()
        out[key + "start." + n] = p.detach().clone()
    judges = [n for n, _ in model.named_parameters() if n.startswith("discriminator.")]
    groups = [{"params": [p], "name": n, "lr": LR * 0.1 if n in judges else LR} for n, p in model.named_parameters()]
    opt = torch.optim.SGD(groups, lr=LR, momentum=0.9)
    losses, judged = [], []
    for k in range(STEPS):
        loss, judge, batch = step(k)
        for n, x in batch.items():
            out[f"{key}batch{k}.{n}"] = (x.permute(0, 2, 3, 1) if x.ndim == 4 else x).clone()
        params = dict(model.named_parameters())
        painters = [n for n in params if n not in judges]
        grads = torch.autograd.grad(loss, [params[n] for n in painters], retain_graph=True)
        if judges:  # both at the parameters before the step
            grads += torch.autograd.grad(judge, [params[n] for n in judges])
            judged.append(judge.item())
        for n, g in zip(painters + judges, grads):
            params[n].grad = g
        opt.step()
        losses.append(loss.item())
        for g in opt.param_groups:
            out[f"{key}momentum{k}." + g["name"]] = opt.state[g["params"][0]]["momentum_buffer"].clone()
    for n, s in model.named_buffers():
        if "running" in n:
            out[key + "state." + n] = s.detach().clone()
    out[key + "losses"] = torch.tensor(losses)
    if judged:
        out[key + "judged"] = torch.tensor(judged)
    print(name, losses, judged)


def denoising():
    m = nn.ModuleDict({"backbone": Map(), "decoder": nn.Sequential(up(8, 6), nn.BatchNorm2d(6), nn.ReLU(), up(6, 3))})

    def step(k):
        clean, corrupted = normal(B, 3, S, S), normal(B, 3, S, S)
        return F.mse_loss(m["decoder"](m["backbone"](corrupted)), clean), None, {"views.0": corrupted, "target.clean": clean}

    train("denoising", m, step)


def weights(hole):  # 10 times in the overlap of one pixel
    around = F.max_pool2d(hole, 3, 1, 1)
    return hole + 10 * (around - hole)


def bottleneck():
    return nn.Sequential(Channelwise(8, 16), nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())


def center():
    m = nn.ModuleDict({"backbone": Map(), "bottleneck": bottleneck(), "decoder": nn.Sequential(up(8, 3))})

    def step(k):
        clean, hole = normal(B, 3, S, S), torch.zeros(B, 1, S, S)
        hole[:, :, 5:11, 5:11] = 1  # of the 8 x 8 pixels that are painted
        seen = clean * (1 - hole)
        painted = m["decoder"](m["bottleneck"](m["backbone"](seen)))
        w = torch.full_like(painted, 10)
        w[:, :, 1:-1, 1:-1] = 1
        return (w * (painted - clean[:, :, 4:12, 4:12]) ** 2).mean(), None, {"views.0": seen, "target.clean": clean, "target.hole": hole[:, 0].bool()}

    train("center", m, step)


def adversarial():
    m = nn.ModuleDict({"backbone": Map(), "bottleneck": bottleneck(), "decoder": nn.Sequential(up(8, 6), nn.BatchNorm2d(6), nn.ReLU(), up(6, 3)),
                       "discriminator": nn.Sequential(nn.Conv2d(3, 4, 4, 2, 1, bias=False), nn.LeakyReLU(0.2), nn.Conv2d(4, 8, 4, 2, 1, bias=False), nn.BatchNorm2d(8), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 4, bias=False))})
    bce = F.binary_cross_entropy_with_logits

    def step(k):
        clean, hole = normal(B, 3, S, S), torch.zeros(B, 1, S, S)
        for i in range(B):
            y, x = torch.randint(0, S - 5, (2,)).tolist()
            hole[i, :, y:y + 5, x:x + 4] = 1
        seen = clean * (1 - hole)
        painted = m["decoder"](m["bottleneck"](m["backbone"](seen)))
        real, fake = m["discriminator"](clean), m["discriminator"](painted)
        w = weights(hole)
        l2 = (w * ((painted - clean) ** 2).mean(1, keepdim=True)).sum() / (w > 0).sum()
        one, zero = torch.ones_like(real), torch.zeros_like(real)
        return 0.6 * l2 + 0.4 * bce(fake, one), bce(real, one) + bce(fake, zero), {"views.0": seen, "target.clean": clean, "target.hole": hole[:, 0].bool()}

    train("adversarial", m, step)


def simmim():
    m = nn.ModuleDict({"backbone": ViT(size=S), "decoder": nn.Sequential(nn.Conv2d(16, 4 * 4 * 3, 1), nn.PixelShuffle(4))})
    m.register_parameter("mask_token", nn.Parameter(torch.randn(1, 1, 16) * 0.2))
    for n, p in m.named_parameters():
        if p.ndim == 1:  # norms and biases away from where they start
            p.data += 0.2 * torch.randn_like(p)

    def step(k):
        x, cells = normal(B, 3, S, S), torch.zeros(B, 4)
        for i in range(B):
            cells[i, torch.randperm(4)[:3]] = 1
        cells = cells.reshape(B, 2, 2)
        mask = cells.repeat_interleave(2, 1).repeat_interleave(2, 2)  # of patches
        v = m["backbone"]
        t = v.patch_embed["proj"](x).flatten(2).transpose(1, 2)
        w = mask.flatten(1).unsqueeze(-1)
        t = t * (1 - w) + m.mask_token * w
        t = torch.cat([v.cls_token.expand(B, -1, -1), t], 1) + v.pos_embed
        for b in v.blocks:
            t = b(t)
        z = v.norm(t)[:, 1:].transpose(1, 2).reshape(B, 16, 4, 4)
        pixels = mask.repeat_interleave(4, 1).repeat_interleave(4, 2).unsqueeze(1)
        loss = ((x - m["decoder"](z)).abs() * pixels).sum() / (pixels.sum() + 1e-5) / 3
        return loss, None, {"views.0": x, "target.mask": cells.bool()}

    train("simmim", m, step)


denoising()
center()
adversarial()
simmim()
save_file({k: (v if v.dtype == torch.bool else v.float()).contiguous() for k, v in out.items()}, "inpainting.safetensors")
