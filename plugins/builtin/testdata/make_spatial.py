"""Writes spatial.safetensors: three training steps of context prediction, jigsaw puzzles
and colorization on a tiny ResNet in PyTorch, in float64. Needs torch and safetensors; run it here."""
import torch, torch.nn as nn, torch.nn.functional as F
from safetensors.torch import save_file
from nets import ResNet

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
B, SIDE, ORDERS, STEPS = 4, 6, 5, 3
AROUND = [0, 1, 2, 3, 5, 6, 7, 8]
out = {}


def maps(net, x):
    return net.layer2(net.layer1(F.relu(net.bn1(net.conv1(x)))))


class RelativePosition(nn.Module):  # mmselfsup's RelativeLoc, with the authors' BN without scale and offset
    def __init__(s):
        super().__init__()
        s.backbone = ResNet()
        s.head = nn.Sequential(nn.Linear(32, 10, bias=False), nn.BatchNorm1d(10, affine=False), nn.ReLU(), nn.Linear(10, 8))

    def forward(s, x):
        h = s.backbone(x["view"].flatten(0, 1)).view(B, 9, -1)
        pairs = torch.stack([torch.cat([h[:, 4], h[:, k]], 1) for k in AROUND], 1)
        return F.cross_entropy(s.head(pairs.flatten(0, 1)), torch.arange(8).repeat(B))


class Jigsaw(nn.Module):  # VISSL's siamese tower and head
    def __init__(s):
        super().__init__()
        s.backbone = ResNet()
        s.tower = nn.Sequential(nn.Linear(16, 7, bias=False), nn.BatchNorm1d(7), nn.ReLU())
        s.head = nn.Linear(9 * 7, ORDERS)

    def forward(s, x):
        h = s.tower(s.backbone(x["view"].flatten(0, 1)))
        return F.cross_entropy(s.head(h.view(B, -1)), x["permutation"])


class Colorization(nn.Module):  # richzhang/colorization: NNEnc's targets, PriorBoost and ClassRebalanceMult
    Q = 261

    def __init__(s):
        super().__init__()
        s.backbone = ResNet()
        s.up = nn.Sequential(nn.ConvTranspose2d(16, 6, 4, 2, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU())
        s.head = nn.Linear(6, s.Q)
        s.seen = torch.zeros(s.Q)

    def forward(s, x):
        logits = s.head(s.up(maps(s.backbone, x["view"])).permute(0, 2, 3, 1)).reshape(-1, s.Q)
        t = torch.zeros(len(logits), s.Q).scatter_add(1, x["bins"].reshape(-1, 10), x["weights"].reshape(-1, 10))
        s.seen += t.sum(0)
        p = s.seen / s.seen.sum()
        w = 1 / (0.5 * p + 0.5 / s.Q)
        w = w / (p * w).sum()
        entropy = -(t * F.log_softmax(logits, 1)).sum(1)
        boosted = entropy * w[t.argmax(1)]
        return (boosted + (entropy - boosted).detach()).sum() / t.sum()


def single(*shape):
    return torch.randn(*shape).float().double()


def tiles():
    return {"view": single(B, 9, 3, SIDE, SIDE)}


def shuffled():
    return tiles() | {"permutation": torch.randint(ORDERS, (B,))}


def colors():
    n = (2, 12, 12)
    bins = torch.rand(*n, 40).argsort(-1)[..., :10]  # ten different ones, the first forty often
    weights = torch.rand(*n, 10).softmax(-1).float().double()
    weights[1, :6] = 0  # as of grey images
    return {"view": single(2, 3, 12, 12), "bins": bins, "weights": weights}


for name, net, draw in (("relative-position", RelativePosition(), tiles), ("jigsaw", Jigsaw(), shuffled), ("colorization", Colorization(), colors)):
    for k, v in net.named_parameters():
        v.data = v.data.float().double()
        out[f"{name}.start.{k}"] = v.detach().clone()
    opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    losses = []
    for step in range(STEPS):
        x = draw()
        loss = net(x)
        opt.zero_grad()
        loss.backward()
        if step == 0:
            out |= {f"{name}.grad.{k}": v.grad.clone() for k, v in net.named_parameters()}
        opt.step()
        losses.append(loss.item())
        out |= {f"{name}.{step}.{k}": v.movedim(-3, -1) if k == "view" else v for k, v in x.items()}
    out[f"{name}.losses"] = torch.tensor(losses)
    out |= {f"{name}.end.{k}": v.detach().clone() for k, v in net.named_parameters()}
    out |= {f"{name}.end.{k}": v for k, v in net.named_buffers() if "running" in k}
    print(name, losses)
save_file({k: (v.float() if v.is_floating_point() else v.int()).contiguous() for k, v in out.items()}, "spatial.safetensors")
