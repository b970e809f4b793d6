"""Loads encoders that fw exported into torchvision's and timm's networks, with
strict keys, and compares the features: load_encoder.py DIR. With --lists it
writes encoders/NAME.txt, the parameters of each network, for tests without
Python. Needs torch, torchvision, timm and safetensors."""
import pathlib
import sys

import timm
import torch
import torchvision
from safetensors.torch import load_file


def resnet(name, cifar=False):
    net = getattr(torchvision.models, name)()
    net.fc = torch.nn.Identity()
    if cifar:  # the stem for small images: 3x3, stride 1, no pooling (Chen et al. 2020, appendix B.9)
        net.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        net.maxpool = torch.nn.Identity()
    return net


NETWORKS = {
    "resnet18": lambda: resnet("resnet18"),
    "resnet18-cifar": lambda: resnet("resnet18", cifar=True),
    "resnet34": lambda: resnet("resnet34"),
    "resnet50": lambda: resnet("resnet50"),
    **{name: (lambda name=name: timm.create_model(name, num_classes=0)) for name in ("vit_tiny_patch16_224", "vit_small_patch16_224", "vit_base_patch16_224")},
    "vit_tiny-fixed-mean": lambda: timm.create_model("vit_tiny_patch16_224", num_classes=0, global_pool="avg", fc_norm=False),
}

if sys.argv[1] == "--lists":
    names = {torch.float32: "F32", torch.int64: "I64"}
    folder = pathlib.Path(__file__).parent / "encoders"
    folder.mkdir(exist_ok=True)
    for name, make in NETWORKS.items():
        rows = sorted(f"{k} {names[v.dtype]} [{','.join(map(str, v.shape))}]\n" for k, v in make().state_dict().items())
        (folder / f"{name}.txt").write_text("".join(rows))
    sys.exit()

worst = 0
for name, make in NETWORKS.items():
    net = make().eval()
    net.load_state_dict(load_file(f"{sys.argv[1]}/{name}.safetensors"), strict=True)
    io = load_file(f"{sys.argv[1]}/{name}.io.safetensors")
    with torch.no_grad():
        y = net(io["x"].permute(0, 3, 1, 2))
    error = ((y - io["features"]).abs().max() / y.abs().max()).item()
    print(f"{name}: loaded strictly, features within {error:.1e} of the largest")
    worst = max(worst, error)
sys.exit(worst > 1e-4)
