"""Writes torch.safetensors: ten training steps of SimCLR and rotation on a tiny
ResNet and a tiny ViT, in PyTorch. Needs torch and safetensors; run it here."""
import torch, torch.nn as nn, torch.nn.functional as F
from safetensors.torch import save_file
from nets import ResNet, ViT

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)


def ntxent(z1, z2, t=0.5):
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.T / t
    sim.fill_diagonal_(float("-inf"))
    n = len(z1)
    return F.cross_entropy(sim, (torch.arange(2 * n) + n) % (2 * n))


out = {}
for task in ("simclr", "rotation"):
    for net in ("resnet", "vit"):
        views, batch = (2, 6) if task == "simclr" else (4, 3)
        backbone = ResNet() if net == "resnet" else ViT()
        d = 16
        model = nn.ModuleDict({"backbone": backbone})
        if task == "simclr":
            model["projector"] = nn.Sequential(nn.Linear(d, 12, bias=False), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 8))
        else:
            model["head"] = nn.Linear(d, 4)
        x = torch.randn(views * batch, 3, 12, 12)
        key = f"{task}.{net}."
        out[key + "x"] = x.permute(0, 2, 3, 1)
        for k, v in model.named_parameters():
            v.data = v.data.float().double()
            out[key + "start." + k] = v.detach().clone()
        x = x.float().double()
        opt = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
        losses = []
        for step in range(10):
            h = model["backbone"](x)
            if task == "simclr":
                loss = ntxent(*model["projector"](h).chunk(2))
            else:
                loss = F.cross_entropy(model["head"](h), torch.arange(4).repeat_interleave(batch))
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
            if step == 0:
                for k, v in model.named_parameters():
                    out[key + "one." + k] = v.detach().clone()
        out[key + "losses"] = torch.tensor(losses)
        for k, v in model.named_parameters():
            out[key + "ten." + k] = v.detach().clone()
        for k, v in model.named_buffers():
            if "running" in k:
                out[key + "state." + k] = v.detach().clone()
save_file({k: v.float().contiguous() for k, v in out.items()}, "torch.safetensors")
