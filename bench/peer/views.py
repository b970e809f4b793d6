"""SimCLR's two views of each image in torchvision on PIL, one thread: random-resized crop, flip, colour jitter,
grayscale, for photographs blur, to a normalised tensor. Blur is PIL's own, as MoCo v2 and SimSiam have it, which is
several times as fast as torchvision's of PIL images."""
import peer  # first: it knows when the process began

import argparse
import glob
import json
import os
import random
import resource
import sys
import time

p = argparse.ArgumentParser()
p.add_argument("--cifar", help="folder with data_batch_*.bin: 32x32 arrays in memory, jitter of strength 0.5")
p.add_argument("--photos", help="folder of JPEG files: 224x224, jitter of strength 1, blur of every second view")
p.add_argument("--warmup", type=int, default=64, help="images before the clock runs")
p.add_argument("--seconds", type=float, default=10)
a = p.parse_args()

import numpy
import PIL
import torch
import torchvision
from PIL import Image, ImageFilter
from torchvision import transforms as T

torch.set_num_threads(1)
torch.manual_seed(0)
random.seed(0)


def recipe(size, strength, smallest, blur, mean, std):
    s = strength
    steps = [
        T.RandomResizedCrop(size, scale=(smallest, 1)),
        T.RandomHorizontalFlip(),
        T.RandomApply([T.ColorJitter(0.8 * s, 0.8 * s, 0.8 * s, 0.2 * s)], p=0.8),
        T.RandomGrayscale(0.2),
    ]
    if blur:
        steps.append(T.RandomApply([T.Lambda(lambda x: x.filter(ImageFilter.GaussianBlur(random.uniform(0.1, 2))))], p=blur))
    return T.Compose(steps + [T.ToTensor(), T.Normalize(mean, std)])


if a.cifar:
    rows = numpy.fromfile(os.path.join(a.cifar, "data_batch_1.bin"), numpy.uint8)
    images = rows[: len(rows) // 3073 * 3073].reshape(-1, 3073)[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).copy()
    views, load = recipe(32, 0.5, 0.2, 0, (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)), Image.fromarray
else:
    images = sorted(glob.glob(os.path.join(a.photos, "*.jpg")))
    views, load = recipe(224, 1, 0.08, 0.5, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), lambda f: Image.open(f).convert("RGB")


def both(i):
    image = load(images[i % len(images)])
    return views(image), views(image)


def cpu():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return r.ru_utime + r.ru_stime


for i in range(a.warmup):
    both(i)
n, began, spent = 0, time.perf_counter(), cpu()
while time.perf_counter() < began + a.seconds:
    for _ in range(16):
        both(n)
        n += 1
json.dump({
    "images_per_second": n / (time.perf_counter() - began),
    "images_per_cpu_second": n / (cpu() - spent),
    "peak_rss_bytes": peer.rss(),
    "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__, "pillow": PIL.__version__},
}, sys.stdout)
print()
