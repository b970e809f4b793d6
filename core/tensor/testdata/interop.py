"""Checks a file written by fw with PyTorch's safetensors, and writes it again: interop.py IN OUT."""
import sys

try:
    import torch
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file
except ImportError as e:
    print(e)
    sys.exit(77)  # the test skips

with safe_open(sys.argv[1], "pt") as f:
    assert f.metadata() == {"mean": "[0.5]"}, f.metadata()
t = load_file(sys.argv[1])
assert sorted(t) == ["a.bf16", "a.bool", "a.u8", "bn1.num_batches_tracked", "conv1.weight", "labels"], sorted(t)
n = t["bn1.num_batches_tracked"]
assert n.dtype == torch.int64 and n.shape == () and n.item() == 42, n
w = t["conv1.weight"]
assert w.dtype == torch.float32 and w.shape == (1, 3, 1, 1) and w.flatten().tolist() == [1.5, -2.0, 0.25], w
assert t["a.bf16"].dtype == torch.bfloat16 and t["a.bf16"].tolist() == [1.0, -2.0]
assert t["a.bool"].dtype == torch.bool and t["a.bool"].tolist() == [False, True, False]
assert bytes(t["a.u8"].tolist()) == b"hello"
assert t["labels"].dtype == torch.int32 and t["labels"].tolist() == [-7, 7]
n += 1
save_file(t, sys.argv[2], metadata={"from": "torch"})
