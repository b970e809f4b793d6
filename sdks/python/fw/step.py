"""Objectives: parameters, states, and the other plugins of an experiment."""

import math

from .trace import Needed, declare, emit, emit1, fail, fill, tracing
from .types import F32, I32, Numbers, Shape


class Step:
    """Traces a task's objective over a batch, or a backbone's stage."""

    def __init__(self, inputs=()):
        self._request = tracing().request
        self._inputs = {name: declare(name, shape) for name, shape in inputs}

    @property
    def training(self):
        """Of a backbone: whether statistics are of the batch, or frozen."""
        return self._request.training

    @property
    def batch(self):
        """The number of images in a step."""
        return self._request.batch

    @property
    def samples(self):
        """The number of images in the training set."""
        return self._request.samples

    def _input(self, name):
        if name not in self._inputs:
            fail(f"the view program gives no {name}")
        return self._inputs[name]

    @property
    def views(self):
        """All views of the first size, view by view: f32[V*B,H,W,C]."""
        return self.group(0)

    def group(self, i):
        """All views of the i-th size, view by view."""
        return self._input(f"views.{i}")

    def view(self, i):
        """The i-th view of the whole batch: f32[B,H,W,C]."""
        g = 0
        while True:
            every = self.group(g)
            n = every.dim(0) // self.batch
            if i < n:
                return every.slice(0, i * self.batch, (i + 1) * self.batch)
            i, g = i - n, g + 1

    def target(self, name):
        """What the views were labelled with, view by view."""
        return self._input(f"target.{name}")

    def param(self, name, dims, init, *args):
        """A trainable parameter; init and its args are those of the op param."""
        return self._kept("param", name, Shape(F32, *dims), init, args)

    def state(self, name, shape, init, *args):
        """A value kept between steps."""
        return self._kept("state", name, shape, init, args)

    def _kept(self, op, name, shape, init, args):
        return emit1(op, (), {"shape": shape, "name": name, "init": init, "args": Numbers(map(float, args))}, shape)

    def assign(self, state, x):
        """Makes x the value of a state from here on."""
        emit("assign", (x,), {"name": state})

    def ema(self, source, target, momentum, before=False):
        """Makes module target the moving average of module source."""
        emit("ema", (momentum,), {"source": source, "target": target, "before": before})

    def metric(self, name, x):
        """Logs a scalar."""
        emit("metric", (x,), {"name": name})

    @property
    def number(self):
        """The number of updates done, i32[]."""
        return emit1("context", (), {"name": "step"}, Shape(I32))

    @property
    def total(self):
        """The number of updates of the whole run, i32[]."""
        return emit1("context", (), {"name": "steps"}, Shape(I32))

    def call(self, callee, scope, *operands):
        """Another plugin's function, its parameters under the module scope."""
        shapes = tuple(v.shape for v in operands)
        out = Shape(F32) if callee == "loss" else self._request.known.get((callee, shapes))
        if out is None:
            raise Needed(callee, shapes)
        attrs = {"callee": callee, "shape": out}
        if scope:
            attrs["scope"] = scope
        return emit1("call", operands, attrs, out)

    def loss(self, *operands):
        """The experiment's loss."""
        return self.call("loss", "loss", *operands)

    def backbone(self, x, stage="pooled", scope=""):
        """A stage of the experiment's network: pooled is f32[N,H,W,C] to f32[N,D]."""
        return self.call(f"backbone.{stage}", f"{scope}.backbone" if scope else "backbone", x)

    def linear(self, name, x, out, bias=True):
        """torch.nn.Linear with its initialisation: name.weight [out,in] and name.bias [out]."""
        bound = 1 / math.sqrt(x.dim(-1))
        w = self.param(f"{name}.weight", (out, x.dim(-1)), "uniform", -bound, bound)
        y = x.dot(w, -1, 1)
        return y.add(self.param(f"{name}.bias", (out,), "uniform", -bound, bound)) if bias else y

    def batch_norm(self, name, x, training=True, affine=True):
        """torch.nn.BatchNorm over all but the last dimension."""
        c, groups = x.dim(-1), max(self._request.norm_groups, 1)
        s = Shape(F32, c)
        scale, offset = fill(s, 1), fill(s, 0)
        if affine:
            scale = self.param(f"{name}.weight", (c,), "constant", 1)
            offset = self.param(f"{name}.bias", (c,), "constant", 0)
        mean = self.state(f"{name}.running_mean", s, "constant", 0)
        variance = self.state(f"{name}.running_var", s, "constant", 1)
        if not training:
            return emit1("batch_norm_inference", (x, scale, offset, mean, variance), {"epsilon": 1e-5}, x.shape)
        statistics = Shape(F32, groups, c) if groups > 1 else s
        y, m, v = emit("batch_norm_training", (x, scale, offset), {"epsilon": 1e-5, "groups": groups}, x.shape, statistics, statistics)
        if groups > 1:
            m, v = m.mean(0), v.mean(0)
        n = x.size // c // groups
        self.assign(f"{name}.running_mean", mean.mul(0.9).add(m.mul(0.1)))
        self.assign(f"{name}.running_var", variance.mul(0.9).add(v.mul(0.1 * n / max(1, n - 1))))
        return y

    def convolution(self, name, x, out, k, stride=1, pad=0):
        """A convolution without bias, name.weight [out,C,k,k], initialised as He et al. (2015)."""
        w = self.param(f"{name}.weight", (out, x.dim(-1), k, k), "normal", 0, math.sqrt(2 / (k * k * out)))
        b, h, width, _ = _four("convolution", x)
        attrs = {"stride": [stride] * 2, "padding": [pad] * 4, "dilation": [1, 1], "groups": 1}
        return emit1("convolution", (x, w), attrs, Shape(F32, b, _window(h, k, stride, pad), _window(width, k, stride, pad), out))

    def max_pool(self, x, k, stride, pad=0):
        """The maximum of k by k windows of f32[B,H,W,C]."""
        b, h, width, c = _four("reduce_window", x)
        attrs = {"window": [k] * 2, "stride": [stride] * 2, "padding": [pad] * 4, "kind": "maximum"}
        return emit1("reduce_window", (x,), attrs, Shape(F32, b, _window(h, k, stride, pad), _window(width, k, stride, pad), c))


def _window(n, k, stride, pad):
    """A dimension's size after a window of k moves over n."""
    return (n + 2 * pad - k) // stride + 1


def _four(op, x):
    if x.rank != 4:
        fail(f"{op}: expected f32[B,H,W,C], found {x.shape}")
    return x.shape.dims
