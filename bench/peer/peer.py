"""What the peer scripts share: flags, the clock, and the JSON that they print."""
import argparse
import json
import os
import platform
import resource
import sys
import time


def since_start():
    """Seconds since this process was started, interpreter and imports included."""
    try:
        with open("/proc/self/stat") as f:
            ticks = int(f.read().rpartition(")")[2].split()[19])  # field 22: start, in ticks since boot
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except OSError:  # no procfs: without the interpreter's own start
        return time.perf_counter() - IMPORTED


IMPORTED = time.perf_counter()


def rss():
    """The most bytes that this process had resident at any time."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def flags(*more):
    """The configuration; more are (name, keywords) of a model's own flags."""
    p = argparse.ArgumentParser()
    p.add_argument("--batch", type=int, required=True, help="images a step")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--mode", choices=["eager", "compile"], default="eager")
    p.add_argument("--layout", choices=["contiguous", "channels_last"], default="contiguous")
    p.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    p.add_argument("--warmup", type=int, default=3, help="steps before the clock runs, the first among them")
    p.add_argument("--seconds", type=float, default=10, help="of timed steps, at least three")
    p.add_argument("--flops", action="store_true", help="count a step's floating-point operations as well")
    for name, keywords in more:
        p.add_argument(name, **keywords)
    return p.parse_args()


def settle(a):
    """Sets the number of threads, before any work."""
    import torch

    a.import_rss = rss()
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)


def run(a, model, loss, optimizer, inputs, views):
    """Times steps: gradients to zero, loss(*inputs), backward, update. views is how many pictures a step sees."""
    import torch

    if a.layout == "channels_last":
        model = model.to(memory_format=torch.channels_last)
        inputs = [x.to(memory_format=torch.channels_last) if x.dim() == 4 else x for x in inputs]
    forward = torch.compile(loss) if a.mode == "compile" else loss

    def step():
        optimizer.zero_grad()
        value = forward(*inputs)
        value.backward()
        optimizer.step()
        return value.item()

    step()
    first = since_start()
    for _ in range(a.warmup - 1):
        step()
    took, value = [], 0.0
    end = time.perf_counter() + a.seconds
    while len(took) < 3 or time.perf_counter() < end:
        began = time.perf_counter()
        value = step()
        took.append(time.perf_counter() - began)
    took.sort()
    median = (took[(len(took) - 1) // 2] + took[len(took) // 2]) / 2
    out = {
        "ms_per_step": 1e3 * median,
        "min_ms_per_step": 1e3 * took[0],
        "steps": len(took),
        "views_per_second": views / median,
        "peak_rss_bytes": rss(),
        "import_rss_bytes": a.import_rss,  # before any tensor
        "first_step_seconds": first,
        "parameters": sum(p.numel() for p in model.parameters()),
        "loss": value,
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "mkldnn": torch.backends.mkldnn.is_available(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }
    if a.flops:
        from torch.utils.flop_counter import FlopCounterMode

        counter = FlopCounterMode(display=False)
        with counter:
            optimizer.zero_grad()
            loss(*inputs).backward()
        out["flops_per_step"] = counter.get_total_flops()
    json.dump(out, sys.stdout)
    print()
