"""Writes optim.safetensors: six steps of each optimizer in PyTorch on the loss
sum((x w + b)^2) / 2, in float64. SGD and AdamW are torch.optim's; LARS is that of
the authors' code of Barlow Twins, VICReg and MAE. Needs torch and safetensors;
run it here."""
import torch
from safetensors.torch import save_file

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
x, w0, b0 = torch.randn(6, 5, 4), torch.randn(4, 3), torch.randn(3)
out = {"x": x, "w0": w0, "b0": b0}


class LARS(torch.optim.Optimizer):
    """For matrices the gradient with its decay is scaled by eta |p| / |g|."""

    def __init__(self, params, lr, weight_decay, momentum, eta):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "eta": eta})

    @torch.no_grad()
    def step(self):
        for g in self.param_groups:
            for p in g["params"]:
                d = p.grad
                if p.ndim > 1:
                    d = d + g["weight_decay"] * p
                    d = d * (g["eta"] * p.norm() / d.norm())
                mu = self.state[p].setdefault("mu", torch.zeros_like(p))
                mu.mul_(g["momentum"]).add_(d)
                p.sub_(g["lr"] * mu)


def split(w, b, decay):  # biases are not decayed
    return [{"params": [w], "weight_decay": decay}, {"params": [b], "weight_decay": 0}]


OPTIMIZERS = {
    "sgd": lambda w, b: torch.optim.SGD([w, b], lr=0.05, momentum=0.9, weight_decay=0.1),
    "nesterov": lambda w, b: torch.optim.SGD(split(w, b, 0.1), lr=0.05, momentum=0.9, nesterov=True),
    "plain": lambda w, b: torch.optim.SGD([w, b], lr=0.05),
    "adamw": lambda w, b: torch.optim.AdamW(split(w, b, 0.1), lr=0.01, betas=(0.9, 0.95), eps=1e-8),
    "clipped": lambda w, b: torch.optim.SGD([w, b], lr=0.05, momentum=0.9),
    "clipped-each": lambda w, b: torch.optim.SGD([w, b], lr=0.05, momentum=0.9),
    "lars": lambda w, b: LARS([w, b], lr=0.5, weight_decay=0.1, momentum=0.9, eta=0.02),
}


def clip_each(parameters):  # clip_gradients of facebookresearch/dino
    for p in parameters:
        factor = 5 / (p.grad.norm() + 1e-6)
        if factor < 1:
            p.grad.mul_(factor)


CLIPS = {"clipped": lambda parameters: torch.nn.utils.clip_grad_norm_(parameters, 5), "clipped-each": clip_each}
for name, make in OPTIMIZERS.items():
    w, b = w0.clone().requires_grad_(), b0.clone().requires_grad_()
    opt = make(w, b)
    for step in range(6):
        opt.zero_grad()
        ((x[step] @ w + b).square().sum() / 2).backward()
        CLIPS.get(name, lambda parameters: None)([w, b])
        opt.step()
    out[name + ".w"], out[name + ".b"] = w.detach().clone(), b.detach().clone()
save_file({k: v.float().contiguous() for k, v in out.items()}, "optim.safetensors")
