"""SimCLR's training step in PyTorch (Chen et al. 2020): ResNet-18 with CIFAR's stem (He et al. 2015), projector
Linear-BN-ReLU-Linear-BN without biases, NT-Xent over both views in one pass of the encoder, SGD. The views are
ready-made random tensors."""
import peer  # first: it knows when the process began

a = peer.flags(("--width", dict(type=int, default=64, help="channels of the first stage")))

import torch
import torch.nn as nn
import torch.nn.functional as F

peer.settle(a)


class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(o)
        self.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(o)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or i != o:
            self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


def network(w):
    layers = [nn.Conv2d(3, w, 3, 1, 1, bias=False), nn.BatchNorm2d(w), nn.ReLU(inplace=True)]
    i = w
    for o, stride in ((w, 1), (2 * w, 2), (4 * w, 2), (8 * w, 2)):
        layers += [Block(i, o, stride), Block(o, o, 1)]
        i = o
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(i, i, bias=False), nn.BatchNorm1d(i), nn.ReLU(inplace=True), nn.Linear(i, 128, bias=False), nn.BatchNorm1d(128),
    )


model = network(a.width)
n = 2 * a.batch
positive = (torch.arange(n) + a.batch) % n
itself = torch.eye(n, dtype=torch.bool)


def loss(x):
    with torch.autocast("cpu", torch.bfloat16, enabled=a.precision == "bf16"):
        z = model(x)
    z = F.normalize(z.float(), dim=1)
    return F.cross_entropy((z @ z.t() / 0.5).masked_fill(itself, float("-inf")), positive)


peer.run(a, model, loss, torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4), [torch.randn(n, 3, 32, 32)], n)
