"""Writes methods.safetensors: five training steps of each method over views on a
tiny ResNet, as its authors' code does them, in float64. Needs torch and
safetensors; run it here."""
import copy, math, sys
import torch, torch.nn as nn, torch.nn.functional as F
from safetensors.torch import save_file
from nets import ResNet
import philox

torch.set_default_dtype(torch.float64)
B, N, STEPS, TOTAL, LR, FEATURES = 8, 16, 5, 10, 0.01, 8
out = {}
torch.manual_seed(3)
views = torch.randn(STEPS, 2, B, 3, 12, 12).float().double()
indices = torch.stack([torch.randperm(N)[:B] for _ in range(STEPS)])
out["x"] = views.permute(0, 1, 2, 4, 5, 3).reshape(STEPS, 2 * B, 12, 12, 3)
out["indices"] = indices.int()
small = torch.randn(STEPS, 2, B, 3, 8, 8).float().double()  # views of multi-crop
out["small"] = small.permute(0, 1, 2, 4, 5, 3).reshape(STEPS, 2 * B, 8, 8, 3)


def linear(i, o, bias=True):
    return nn.Linear(i, o, bias=bias)


def hidden(i, o, bias=False):
    return [nn.Linear(i, o, bias=bias), nn.BatchNorm1d(o), nn.ReLU()]


def seq(*layers):
    return nn.Sequential(*layers)


class Encoder(nn.ModuleDict):
    def forward(s, x):
        for m in s.values():
            x = m(x)
        return x


def encoder(**heads):
    return Encoder({"backbone": ResNet(4), **heads})


def move(target, source, m):
    for t, p in zip(target.parameters(), source.parameters()):
        t.data = t.data * m + p.data * (1 - m)


def cosine_to_one(base, k):
    return 1 - (1 - base) * (math.cos(math.pi * k / TOTAL) + 1) / 2


def key(k):
    return (k + 1, 7)


def train(name, model, loss, states=None, after=lambda k: None, frozen=lambda k, n: False, fixed=()):
    """loss(k, x1, x2, idx) gives the loss; states are tensors kept between steps."""
    states = states if states is not None else {}
    key = name + "."
    for n, p in model.named_parameters():
        p.data = p.data.float().double()
    for n, p in model.named_parameters():
        if "_ema." in n:  # starts equal
            p.data = dict(model.named_parameters())[n.replace("_ema.", ".")].data.clone()
            p.requires_grad = False
        else:
            out[key + "start." + n] = p.detach().clone()
    for n, s in states.items():
        out[key + "start." + n] = s.clone()
    groups = [{"params": [p], "name": n, "fixed": n.startswith(tuple(fixed)) if fixed else False} for n, p in model.named_parameters() if p.requires_grad]
    opt = torch.optim.SGD(groups, lr=LR, momentum=0.9, weight_decay=5e-4)
    losses = []
    for k in range(STEPS):
        for g in opt.param_groups:
            g["lr"] = LR if g["fixed"] else LR * (1 + math.cos(math.pi * k / TOTAL)) / 2
        y = loss(k, views[k, 0], views[k, 1], indices[k])
        opt.zero_grad()
        y.backward()
        for g in opt.param_groups:
            if frozen(k, g["name"]):
                g["params"][0].grad = None
        opt.step()
        after(k)
        losses.append(y.item())
        when = {0: "one.", STEPS - 1: "five."}.get(k)
        if when:
            for n, p in model.named_parameters():
                out[key + when + n] = p.detach().clone()
        for n, s in states.items():
            out[f"{key}state{k}.{n}"] = s.detach().clone()
    for n, s in model.named_buffers():
        if "running" in n:
            out[key + f"state{STEPS - 1}." + n] = s.detach().clone()
    out[key + "losses"] = torch.tensor(losses)
    print(name, losses)


def cos(p, z):
    return F.cosine_similarity(p, z, dim=1).mean()


def simsiam():
    m = nn.ModuleDict({
        "encoder": encoder(projector=seq(*hidden(FEATURES, 8), *hidden(8, 8), linear(8, 8, False), nn.BatchNorm1d(8, affine=False))),
        "predictor": seq(*hidden(8, 4), linear(4, 8))})

    def loss(k, x1, x2, idx):
        z1, z2 = m["encoder"](x1), m["encoder"](x2)
        p1, p2 = m["predictor"](z1), m["predictor"](z2)
        return -(cos(p1, z2.detach()) + cos(p2, z1.detach())) * 0.5
    train("simsiam", m, loss, fixed=["predictor"])


def byol():
    mlp = lambda i: seq(*hidden(i, 12, True), linear(12, 8, False))
    m = nn.ModuleDict({"online": encoder(projector=mlp(FEATURES)), "predictor": mlp(8)})
    m["online_ema"] = copy.deepcopy(m["online"])

    def loss(k, x1, x2, idx):
        p1, p2 = m["predictor"](m["online"](x1)), m["predictor"](m["online"](x2))
        with torch.no_grad():
            t1, t2 = m["online_ema"](x1), m["online_ema"](x2)
        return 2 - 2 * cos(p1, t2) + 2 - 2 * cos(p2, t1)
    train("byol", m, loss, after=lambda k: move(m["online_ema"], m["online"], cosine_to_one(0.9, k)))


class Split(nn.Module):
    """BatchNorm over parts of the batch, as SplitBatchNorm of the MoCo demo on CIFAR."""

    def __init__(s, bn, parts):
        super().__init__()
        s.weight, s.bias, s.parts = bn.weight, bn.bias, parts
        s.register_buffer("running_mean", bn.running_mean)
        s.register_buffer("running_var", bn.running_var)

    def forward(s, x):
        ys, means, variances = [], [], []
        for part in x.chunk(s.parts):
            m, v = s.running_mean.clone(), s.running_var.clone()
            ys.append(F.batch_norm(part, m, v, s.weight, s.bias, True, 0.1, 1e-5))
            means.append(m)
            variances.append(v)
        s.running_mean.copy_(torch.stack(means).mean(0))
        s.running_var.copy_(torch.stack(variances).mean(0))
        return torch.cat(ys)


def split(module, parts):
    for n, c in module.named_children():
        if isinstance(c, nn.modules.batchnorm._BatchNorm):
            setattr(module, n, Split(c, parts))
        else:
            split(c, parts)
    return module


def infonce_queue(q, k, queue, t=0.07):
    logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue.T], 1) / t
    return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long))


def fifo(states, name, rows):
    at = states[name + "_at"].item()
    states[name][at:at + len(rows)] = rows
    states[name + "_at"].fill_((at + len(rows)) % len(states[name]))


def unit_queue(n, d):
    return F.normalize(torch.randn(n, d), dim=1).float().double()


def moco(name, mlp, parts, shuffled, symmetric=False):
    head = seq(linear(FEATURES, FEATURES), nn.ReLU(), linear(FEATURES, 8)) if mlp else linear(FEATURES, 8)
    m = nn.ModuleDict({"query": encoder(head=head)})
    m["query_ema"] = copy.deepcopy(m["query"])
    if parts > 1:
        split(m, parts)
    states = {"queue": unit_queue(16, 8), "queue_at": torch.zeros((), dtype=torch.int32)}

    def contrast(k, i, x):
        q = F.normalize(m["query"](x[i]), dim=1)
        with torch.no_grad():
            order = torch.tensor(philox.permutation(philox.fold(key(k), 1 - i), B)) if shuffled else torch.arange(B)
            keys = F.normalize(m["query_ema"](x[1 - i][order]), dim=1)[torch.argsort(order)]
        return infonce_queue(q, keys, states["queue"].clone()), keys

    def loss(k, x1, x2, idx):
        move(m["query_ema"], m["query"], 0.9)
        y, keys = contrast(k, 0, (x1, x2))
        if symmetric:
            y2, keys2 = contrast(k, 1, (x1, x2))
            y, keys = (y + y2) / 2, torch.cat([keys, keys2])
        fifo(states, "queue", keys)
        return y
    train(name, m, loss, states)


def infonce(a, b, t=0.5):
    return F.cross_entropy(F.normalize(a, dim=1) @ F.normalize(b, dim=1).T / t, torch.arange(len(a)))


def moco_v3():
    m = nn.ModuleDict({
        "base": encoder(projector=seq(*hidden(FEATURES, 12), *hidden(12, 12), linear(12, 8, False), nn.BatchNorm1d(8, affine=False))),
        "predictor": seq(*hidden(8, 12), linear(12, 8, False), nn.BatchNorm1d(8, affine=False))})
    m["base_ema"] = copy.deepcopy(m["base"])

    def loss(k, x1, x2, idx):
        q1, q2 = m["predictor"](m["base"](x1)), m["predictor"](m["base"](x2))
        with torch.no_grad():
            move(m["base_ema"], m["base"], cosine_to_one(0.9, k))
            k1, k2 = m["base_ema"](x1), m["base_ema"](x2)
        return infonce(q1, k2) + infonce(q2, k1)
    train("moco-v3", m, loss)


def barlow():
    m = nn.ModuleDict({"encoder": encoder(projector=seq(*hidden(FEATURES, 12), *hidden(12, 12), linear(12, 8, False)))})
    bn = nn.BatchNorm1d(8, affine=False)

    def loss(k, x1, x2, idx):
        c = bn(m["encoder"](x1)).T @ bn(m["encoder"](x2)) / B
        on = (torch.diagonal(c) - 1).pow(2).sum()
        return on + 0.0051 * (c.pow(2).sum() - torch.diagonal(c).pow(2).sum())
    train("barlow-twins", m, loss)


def vicreg():
    m = nn.ModuleDict({"encoder": encoder(expander=seq(*hidden(FEATURES, 12, True), *hidden(12, 12, True), linear(12, 8, False)))})

    def loss(k, x1, x2, idx):
        x, y = m["encoder"](x1), m["encoder"](x2)
        total = 25 * F.mse_loss(x, y)
        for v in (x - x.mean(0), y - y.mean(0)):
            c = v.T @ v / (B - 1)
            total = total + 25 * F.relu(1 - torch.sqrt(v.var(0) + 1e-4)).mean() / 2
            total = total + (c.pow(2).sum() - torch.diagonal(c).pow(2).sum()) / 8
        return total
    train("vicreg", m, loss)


def nnclr():
    m = nn.ModuleDict({
        "encoder": encoder(projector=seq(*hidden(FEATURES, 12), *hidden(12, 12), linear(12, 8, False), nn.BatchNorm1d(8))),
        "predictor": seq(*hidden(8, 10), linear(10, 8))})
    states = {"support": unit_queue(16, 8), "support_at": torch.zeros((), dtype=torch.int32)}

    def nn_of(z):
        q = states["support"]
        return q[(F.normalize(z, dim=1) @ q.T).argmax(1)].detach().clone()

    def loss(k, x1, x2, idx):
        z1, z2 = m["encoder"](x1), m["encoder"](x2)
        p1, p2 = m["predictor"](z1), m["predictor"](z2)
        y = (infonce(nn_of(z1), p2) + infonce(nn_of(z2), p1)) / 2
        fifo(states, "support", F.normalize(z1, dim=1).detach())
        return y
    train("nnclr", m, loss, states)


def instdisc(eps=1e-7, negatives=6, t=0.5):
    m = nn.ModuleDict({"backbone": ResNet(4), "head": linear(FEATURES, 8)})
    r = 1 / math.sqrt(8 / 3)
    states = {"bank": ((torch.rand(N, 8) * 2 - 1) * r).float().double(), "loss.z": torch.zeros(())}

    def loss(k, x1, x2, idx):
        f = F.normalize(m["head"](m["backbone"](x1)), dim=1)
        old = states["bank"][idx].clone()
        # the loss is the second call of the step, and draws with its first key
        u = philox.uniform(philox.fold(philox.fold(key(k), -2), 1), 0, N, B * negatives)
        rows = torch.cat([idx[:, None], torch.tensor(u.astype("int64")).reshape(B, negatives)], 1)
        e = (torch.einsum("nd,nkd->nk", f, states["bank"][rows].clone()) / t).exp()
        if k == 0:
            states["loss.z"].copy_(e.mean().detach() * N)
        p = e / states["loss.z"]
        noise = negatives / N
        y = -((p[:, 0] / (p[:, 0] + noise + eps)).log().sum() + (noise / (p[:, 1:] + noise + eps)).log().sum()) / B
        y = y + 30 * (f - old).pow(2).sum(1).mean()
        states["bank"][idx] = F.normalize(0.5 * old + 0.5 * f.detach(), dim=1)
        return y
    train("instdisc", m, loss, states)


def triplet(margin=0.2):
    m = nn.ModuleDict({"backbone": ResNet(4), "projector": seq(*hidden(FEATURES, 12), linear(12, 8))})

    def loss(k, x1, x2, idx):
        z = F.normalize(m["projector"](m["backbone"](torch.cat([x1, x2]))), dim=1)
        d = 2 - 2 * z @ z.T
        total = 0
        for a in range(2 * B):
            p = (a + B) % (2 * B)
            neg = [d[a, n] for n in range(2 * B) if n not in (a, p)]
            semi = [x for x in neg if x > d[a, p]]
            chosen = min(semi, key=lambda x: x.item()) if semi else max(neg, key=lambda x: x.item())
            total = total + F.relu(d[a, p] - chosen + margin)
        return total / (2 * B)
    train("triplet", m, loss)


def npair(l2=0.002):
    m = nn.ModuleDict({"backbone": ResNet(4), "projector": seq(*hidden(FEATURES, 12), linear(12, 8))})

    def loss(k, x1, x2, idx):
        a, b = m["projector"](m["backbone"](torch.cat([x1, x2]))).chunk(2)
        return F.cross_entropy(a @ b.T, torch.arange(B)) + 0.25 * l2 * ((a**2).sum(1).mean() + (b**2).sum(1).mean())
    train("n-pair", m, loss)


def sinkhorn(scores, eps=0.05, iterations=3):  # facebookresearch/swav's distributed_sinkhorn on one device
    Q = torch.exp(scores / eps).T
    Q = Q / Q.sum()
    for _ in range(iterations):
        Q = Q / Q.sum(1, keepdim=True) / Q.shape[0]
        Q = Q / Q.sum(0, keepdim=True) / Q.shape[1]
    return (Q * Q.shape[1]).T


def passes(f, k, x1, x2, multi):  # one for each size
    large = f(torch.cat([x1, x2]))
    return torch.cat([large, f(torch.cat([small[k, 0], small[k, 1]]))]) if multi else large


def swav(K=6, multi=0):
    V = 2 + multi
    m = nn.ModuleDict({"encoder": encoder(projector=seq(*hidden(FEATURES, 12), linear(12, 8))), "prototypes": linear(8, K, False)})
    states = {n: v for i in range(2) for n, v in {f"queue{i}": torch.zeros(16, 8), f"queue{i}_at": torch.zeros((), dtype=torch.int32)}.items()}

    def loss(k, x1, x2, idx):
        with torch.no_grad():
            w = m["prototypes"].weight
            w.copy_(F.normalize(w, dim=1))
        z = F.normalize(passes(m["encoder"], k, x1, x2, multi), dim=1)
        scores = m["prototypes"](z)
        total = 0
        for i in range(2):
            with torch.no_grad():
                mine = scores[i * B:(i + 1) * B]
                if k >= 2:  # the queue is full
                    mine = torch.cat([states[f"queue{i}"] @ w.T, mine])
                q = sinkhorn(mine)[-B:]
                fifo(states, f"queue{i}", z[i * B:(i + 1) * B].detach())
            for j in range(V):
                if j != i:
                    total = total - (q * F.log_softmax(scores[j * B:(j + 1) * B] / 0.1, 1)).sum(1).mean() / (V - 1)
        return total / 2
    train("swav-multi" if multi else "swav", m, loss, states, frozen=lambda k, n: n.startswith("prototypes") and k < 3)


class Head(nn.Module):
    def __init__(s, K):
        super().__init__()
        s.mlp = nn.ModuleList([linear(FEATURES, 12), linear(12, 12), linear(12, 8)])
        s.last_layer = nn.Module()
        s.last_layer.weight_v = nn.Parameter(torch.randn(K, 8) * 0.3)

    def forward(s, x):
        x = s.mlp[2](F.gelu(s.mlp[1](F.gelu(s.mlp[0](x)))))
        return F.normalize(x, dim=-1) @ F.normalize(s.last_layer.weight_v, dim=1).T


def dino(K=10, multi=0):
    V = 2 + multi
    m = nn.ModuleDict({"student": encoder(head=Head(K))})
    m["student_ema"] = copy.deepcopy(m["student"])
    states = {"loss.center": torch.zeros(K)}

    def loss(k, x1, x2, idx):
        x = torch.cat([x1, x2])
        s = [v / 0.1 for v in passes(m["student"], k, x1, x2, multi).chunk(V)]
        with torch.no_grad():
            teacher = m["student_ema"](x)
        t = [F.softmax((v - states["loss.center"]) / 0.04, -1) for v in teacher.chunk(2)]
        y = sum(torch.sum(-t[i] * F.log_softmax(s[v], -1), -1).mean() for i in range(2) for v in range(V) if v != i) / (2 * (V - 1))
        states["loss.center"].copy_(states["loss.center"] * 0.9 + teacher.mean(0) * 0.1)
        return y
    train("dino-multi" if multi else "dino", m, loss, states, after=lambda k: move(m["student_ema"], m["student"], cosine_to_one(0.9, k)),
          frozen=lambda k, n: "last_layer" in n and k < 2)


def deepcluster(K=5):
    m = nn.ModuleDict({"backbone": ResNet(4), "top": nn.ModuleDict({"layer": linear(FEATURES, K)})})
    states = {"labels": torch.randint(K, (N,), dtype=torch.int32)}

    def loss(k, x1, x2, idx):
        return F.cross_entropy(m["top"]["layer"](m["backbone"](x1)), states["labels"][idx].long())
    train("deepcluster", m, loss, states)


for method in (simsiam, byol,
               lambda: moco("moco-v1", False, 1, False), lambda: moco("moco-v2", True, 2, True), lambda: moco("moco-symmetric", True, 2, True, symmetric=True),
               moco_v3, barlow, vicreg, nnclr, instdisc, triplet, npair, swav, dino, deepcluster, lambda: swav(multi=2), lambda: dino(multi=2)):
    torch.manual_seed(9)
    method()
save_file({k: (v if v.dtype == torch.int32 else v.float()).contiguous() for k, v in out.items()}, "methods.safetensors")
