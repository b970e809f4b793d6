"""PyTorch's losses as plugins, unchanged: torch.nn.Module becomes a loss that the host
evaluates at each step."""

import ctypes

import torch

from .plugin import Plugin, known
from .types import F32


def loss(id, version, signature, module, /, *, doc="", **params):
    """Declares a torch.nn.Module as a loss: module(**values) makes it, with the plugin's
    parameters (fw.Float, fw.Int ...) under its own names, and calling it on the signature's
    inputs gives the value, a scalar. Labels are int64, as torch has them.

    A call is a pure function: the module is made anew, on one thread, with one seed, so that
    the same inputs give the same bits; a module that keeps a queue or weights of its own does
    not fit, since what is kept is the host's."""
    return Plugin("loss", id, version, lambda: _Evaluated(id, module, params), style="eval", signature=known(signature), specs=params, doc=doc or module.__doc__ or "")


class _Evaluated:
    def __init__(self, id, module, params):
        self.id, self.module, self.names = id, module, params

    def eval(self, *arrays):
        torch.set_num_threads(1)  # of this thread, which serves one call
        torch.use_deterministic_algorithms(True)
        torch.manual_seed(0)
        module = self.module(**{name: getattr(self, name) for name in self.names})
        if any(p.requires_grad for p in module.parameters()):
            raise TypeError(f"{self.id}: the module has trainable parameters, which the host would not train: trace it, or compute with a head of the task")
        inputs = [tensor(a) for a in arrays]
        leaves = [x for x in inputs if x.dtype == torch.float32]
        value = module(*inputs)
        if value.numel() != 1:
            raise TypeError(f"{self.id}: expected a scalar of the module, found {list(value.shape)}")
        grads = torch.autograd.grad(value.reshape(()), leaves, allow_unused=True)
        return value.item(), [_bytes(torch.zeros_like(x) if g is None else g) for x, g in zip(leaves, grads)]


def tensor(array):
    """An array as a tensor: f32 in need of a gradient, or int64."""
    x = torch.frombuffer(bytearray(array.data), dtype=torch.float32 if array.shape.dtype == F32 else torch.int32).reshape(array.shape.dims)
    return x.requires_grad_() if x.dtype == torch.float32 else x.long()


def _bytes(x):
    x = x.detach().contiguous()
    return ctypes.string_at(x.data_ptr(), x.nbytes)
