"""Writes losses.safetensors: inputs, value and gradients of every loss, by the
authors' formulas in float64. Where lightly has the loss, both must agree. Needs
torch, lightly and safetensors; run it here."""
import math
import torch, torch.nn.functional as F
import lightly.loss as L
from lightly.models.utils import deactivate_requires_grad  # noqa: F401 (lightly must be whole)
from safetensors.torch import save_file
import philox

torch.manual_seed(1)
N, D, K, M = 12, 8, 20, 50
out = {}


def unit(*s):
    return F.normalize(rand(*s), dim=-1).float().double()


def rand(*s):
    return torch.randn(*s, dtype=torch.float64).float().double()


def case(name, f, *inputs, twin=None):
    xs = [x.clone().requires_grad_(x.dtype == torch.float64) for x in inputs]
    y = f(*xs)
    y.backward()
    if twin is not None:
        z = twin(*[x.detach().clone() for x in xs])
        assert abs(y.item() - z.item()) < 1e-5 * max(1, abs(y.item())), (name, y.item(), z.item())
    for i, x in enumerate(xs):
        out[f"{name}.in{i}"] = x.detach().float() if x.dtype == torch.float64 else x.int()
        if x.dtype == torch.float64:
            out[f"{name}.grad{i}"] = (x.grad if x.grad is not None else torch.zeros_like(x)).float()
    out[f"{name}.loss"] = torch.tensor([y.item()])
    print(name, y.item())


def infonce(a, b, t=0.1):
    return F.cross_entropy(F.normalize(a, dim=1) @ F.normalize(b, dim=1).T / t, torch.arange(len(a)))


def moco(q, k, queue, t=0.07):
    logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue.T], 1) / t
    return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long))


def draws(y, k):  # as fw/nce's, with key (5, 6)
    u = philox.uniform(philox.fold((5, 6), 1), 0, M, N * k)
    return torch.cat([y[:, None].long(), torch.tensor(u.astype("int64")).reshape(N, k)], 1)


def nce(f, bank, y, t=0.07, k=10, eps=1e-7):  # lemniscate's NCEAverage and NCECriterion, at the first batch
    s = torch.einsum("nd,nkd->nk", f, bank[draws(y, k)]) / t
    e = s.exp()
    z = (e.mean() * M).detach()
    p = e / z
    pn = 1 / M
    lnpmt = (p[:, 0] / (p[:, 0] + k * pn + eps)).log()
    lnpon = (k * pn / (p[:, 1:] + k * pn + eps)).log()
    return -(lnpmt.sum() + lnpon.sum()) / N


def softmax(f, bank, y, t=0.1):
    return F.cross_entropy(f @ bank.T / t, y.long())


def softmax_drawn(f, bank, y, t=0.1, k=10):
    return F.cross_entropy(torch.einsum("nd,nkd->nk", f, bank[draws(y, k)]) / t, torch.zeros(N, dtype=torch.long))


def triplet(z, g, margin=0.2, hard=False):  # tf's triplet_semihard_loss, pair by pair
    z = F.normalize(z, dim=1)
    d = 2 - 2 * z @ z.T
    total, pairs = 0, 0
    for a in range(len(z)):
        neg = [d[a, n] for n in range(len(z)) if g[n] != g[a]]
        for p in range(len(z)):
            if p == a or g[p] != g[a]:
                continue
            beyond = neg if hard else [x for x in neg if x > d[a, p]]
            chosen = min(beyond, key=lambda x: x.item()) if beyond else max(neg, key=lambda x: x.item())
            total, pairs = total + F.relu(d[a, p] - chosen + margin), pairs + 1
    return total / pairs


def npair(a, b, l2=0.002):
    return F.cross_entropy(a @ b.T, torch.arange(len(a))) + 0.25 * l2 * ((a**2).sum(1).mean() + (b**2).sum(1).mean())


def supcon(z, g, t=0.1):
    z = F.normalize(z, dim=1)
    s = z @ z.T / t
    total, anchors = 0, 0
    for i in range(len(z)):
        others = [j for j in range(len(z)) if j != i]
        ps = [j for j in others if g[j] == g[i]]
        if ps:
            log = torch.logsumexp(s[i, others], 0)
            total, anchors = total - sum(s[i, p] - log for p in ps) / len(ps), anchors + 1
    return total / anchors


def cosine(p, z):
    return -F.cosine_similarity(p, z, dim=1).mean()


def barlow(a, b, lam=0.0051):  # facebookresearch/barlowtwins
    bn = torch.nn.BatchNorm1d(a.shape[1], affine=False).double()
    c = bn(a).T @ bn(b) / len(a)
    on = (torch.diagonal(c) - 1).pow(2).sum()
    off = (c - torch.diag(torch.diagonal(c))).pow(2).sum()
    return on + lam * off


def vicreg(x, y):  # facebookresearch/vicreg
    repr_loss = F.mse_loss(x, y)
    x, y = x - x.mean(0), y - y.mean(0)
    std = lambda v: torch.mean(F.relu(1 - torch.sqrt(v.var(0) + 1e-4))) / 2
    cov = lambda v: ((v.T @ v / (len(v) - 1)).pow(2).sum() - torch.diagonal(v.T @ v / (len(v) - 1)).pow(2).sum()) / v.shape[1]
    return 25 * repr_loss + 25 * (std(x) + std(y)) + cov(x) + cov(y)


def dino(s, t):  # facebookresearch/dino's DINOLoss, at the first batch, whose centre is zero
    total, terms = 0, 0
    for i in range(len(t)):
        q = F.softmax(t[i].detach() / 0.04, -1)
        for v in range(len(s)):
            if v != i:
                total, terms = total + torch.sum(-q * F.log_softmax(s[v] / 0.1, -1), -1).mean(), terms + 1
    return total / terms


def dino_twin(s, t):
    loss = L.DINOLoss(output_dim=K, warmup_teacher_temp=0.04, teacher_temp=0.04, warmup_teacher_temp_epochs=1).double()
    return loss([x for x in t], [x for x in s], epoch=0)


def rebalanced(x, t, lam=0.5):  # richzhang/colorization's PriorFactor and ClassRebalanceMultLayer, at the first batch
    t = t.detach()
    p = t.sum(0) / t.sum()
    w = 1 / ((1 - lam) * p + lam / K)
    w = w / (p * w).sum()
    entropy = -(t * F.log_softmax(x, 1)).sum(1)
    boosted = entropy * w[t.argmax(1)]
    return (boosted + (entropy - boosted).detach()).sum() / t.sum()


pairs = torch.arange(6).repeat(2)
classes = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 1, 3, 4, 0])
y = torch.randint(M, (N,))
case("infonce", infonce, rand(N, D), rand(N, D))
case("infonce-queue", moco, unit(N, D), unit(N, D), unit(K, D))
case("nce", nce, unit(N, D), unit(M, D), y)
case("instance-softmax", softmax, unit(N, D), unit(M, D), y)
case("instance-softmax-drawn", softmax_drawn, unit(N, D), unit(M, D), y)
case("triplet", triplet, rand(N, D), pairs)
case("triplet-classes", triplet, rand(N, D), classes)
case("triplet-hard", lambda z, g: triplet(z, g, hard=True), rand(N, D), classes)
case("n-pair", npair, rand(N, D), rand(N, D))
case("supcon", supcon, rand(N, D), classes)
case("supcon-views", supcon, rand(N, D), pairs, twin=lambda z, g: L.NTXentLoss(temperature=0.1)(z[:6], z[6:]))
case("negative-cosine", cosine, rand(N, D), rand(N, D), twin=lambda p, z: L.NegativeCosineSimilarity()(p, z))
case("cosine-distance", lambda p, z: 2 + 2 * cosine(p, z), rand(N, D), rand(N, D))
case("cross-correlation", barlow, rand(N, D), rand(N, D), twin=lambda a, b: L.BarlowTwinsLoss(lambda_param=0.0051)(a, b))
case("vicreg", vicreg, rand(N, D), rand(N, D), twin=lambda a, b: L.VICRegLoss()(a, b))
case("dino", dino, rand(4, N, K), rand(2, N, K), twin=dino_twin)
targets = torch.softmax(3 * rand(N, K), 1).float().double()
case("soft-cross-entropy", lambda x, t: -(t * F.log_softmax(x / 0.1, 1)).sum(1).mean(), rand(N, K), targets,
     twin=lambda x, t: L.SwaVLoss(temperature=0.1).subloss(x, t))
some = targets * (torch.arange(N) % 4 != 1).double()[:, None]  # rows that do not count
case("rebalanced-cross-entropy", rebalanced, rand(N, K), some)
save_file({k: v.contiguous() for k, v in out.items()}, "losses.safetensors")
