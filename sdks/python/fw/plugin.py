"""Plugins: what an author declares, and how the host's calls are answered."""

import inspect
import json

from . import crop as crops
from . import evaluate, pixels
from .params import Param, ParamFault, Refusal, configure, read_param
from .step import Step
from .trace import Needed, Trace, declare, emit, emit1, fail, result
from .types import F32, Shape, read_shape
from .views import Views
from .wire import Writer, fields

# The inputs of losses, by signature; docs/abi.md has their shapes.
SIGNATURES = {
    "contrast": ("z1", "z2"),
    "lookup": ("queries", "keys", "negatives"),
    "instance": ("features", "bank", "instances"),
    "group": ("embeddings", "groups"),
    "classify": ("logits", "labels"),
    "match": ("logits", "targets"),
    "predict": ("prediction", "target"),
    "distill": ("student", "teacher"),
    "reconstruct": ("prediction", "target", "mask"),
    "unmask": ("logits", "tokens", "mask"),
}


class TraceRequest:
    """Asks for one function."""

    def __init__(self, b):
        self.plugin, self.func, self.params, self.inputs, self.known = "", "", [], [], {}
        self.training, self.view, self.samples, self.channels = False, 0, 0, 0
        self.image_size, self.batch, self.norm_groups = 0, 0, 0
        numbers = {7: "view", 8: "samples", 9: "channels", 10: "image_size", 11: "batch", 12: "norm_groups"}
        for f in fields(b):
            if f.number == 1:
                self.plugin = f.string()
            elif f.number == 2:
                self.func = f.string()
            elif f.number == 3:
                self.params.append(read_param(f))
            elif f.number == 4:
                port = {p.number: p for p in f.fields()}
                self.inputs.append((port[1].string() if 1 in port else "", read_shape(port[2])))
            elif f.number == 5:
                callee, operands, out = "", [], None
                for s in f.fields():
                    if s.number == 1:
                        callee = s.string()
                    elif s.number == 2:
                        operands.append(read_shape(s))
                    elif s.number == 3:
                        out = read_shape(s)
                self.known.setdefault((callee, tuple(operands)), out)
            elif f.number == 6:
                self.training = f.uint() != 0
            elif f.number in numbers:
                setattr(self, numbers[f.number], f.int())


class Plugin:
    """One declared plugin: a class of the author's, made anew for each call with its
    parameters set."""

    def __init__(self, kind, id, version, make, *, style="trace", signature="", defaults=("", "", ""), specs=None, doc="", ordered=()):
        self.kind, self.id, self.version, self.style, self.signature, self.defaults = kind, id, version, style, signature, defaults
        self.make, self.ordered = make, ordered
        self.doc = " ".join(inspect.cleandoc(doc or "").partition("\n\n")[0].split())  # the first paragraph
        self.specs = specs or {}

    def info(self):
        """What the plugin says of itself."""
        w = Writer()
        for field, s in enumerate((self.id, self.kind, self.version, self.doc), 1):
            w.string(field, s)
        for name, p in self.specs.items():
            w.message(5, p.encode(name))
        for field, s in enumerate((self.signature, *self.defaults, self.style), 6):
            w.string(field, s)
        return w

    def configured(self, given):
        target = self.make()
        configure(self.id, target, self.specs, self.ordered, given)
        return target

    def trace(self, b):
        q = TraceRequest(b)
        if self.style == "crop":
            raise Refusal(f"{self.id} traces nothing")
        target = self.configured(q.params)
        w = Writer()
        Trace.current = t = Trace(q)
        try:
            TRACES[self.kind](self, target, q)
            w.message(1, t.program())
        except Needed as n:
            need = Writer()
            need.string(1, n.callee)
            for s in n.operands:
                need.message(2, s.encode())
            w.message(2, need)
        finally:
            Trace.current = None
        return bytes(w.b)

    def crop(self, b):
        q = crops.CropRequest(b)
        if self.style != "crop":
            raise Refusal(f"{self.id} is no crop")
        return crops.answer(self.id, self.configured(q.params), q)

    def eval(self, b):
        q = evaluate.EvalRequest(b)
        if self.style != "eval":
            raise Refusal(f"{self.id} evaluates nothing")
        answer = pixels.answer if self.kind == "augment" else evaluate.answer
        return answer(self.id, self.configured(q.params), q)


def _loss(plugin, target, q):
    names = SIGNATURES[plugin.signature]
    if len(names) != len(q.inputs):
        fail(f"a loss of signature {plugin.signature} takes {len(names)} inputs, found {len(q.inputs)}")
    values = [declare(name, shape) for name, (_, shape) in zip(names, q.inputs)]
    if plugin.style == "eval":
        result("loss", emit("eval", values, {"callee": "loss"}, Shape(F32), *(v.shape for v in values if v.shape.dtype == F32))[0])
        return
    result("loss", target.loss(*values))


def _augment(plugin, target, q):
    if len(q.inputs) != 1:
        fail("an augmentation takes one picture")
    x = declare("image", q.inputs[0][1])
    if plugin.style == "eval":
        result("image", emit1("call", (x,), {"callee": "pixels", "view": q.view, "shape": x.shape}, x.shape))
        return
    result("image", target.augment(Views(), x))


def _backbone(plugin, target, q):
    if len(q.inputs) != 1:
        fail(f"a stage takes one input, found {len(q.inputs)}")
    result("y", target.stage(Step(), q.func, declare("x", q.inputs[0][1])))


def _pretext(plugin, target, q):
    if q.func == "views":
        v = Views()
        v.image  # the function's input, also where the task does not look at it
        target.views(v)
    elif q.func == "objective":
        if q.batch < 1:
            fail(f"expected a batch of 1 image or more, found {q.batch}")
        result("loss", target.objective(Step(q.inputs)))
    else:
        fail(f"a pretext task has no function {json.dumps(q.func, ensure_ascii=False)}")


TRACES = {"loss": _loss, "augment": _augment, "backbone": _backbone, "pretext": _pretext}


def _declaration(kind, id, version, **more):
    def declared(cls):
        specs = {name: p for c in reversed(cls.__mro__) for name, p in vars(c).items() if isinstance(p, Param)}
        return Plugin(kind, id, version, cls, specs=specs, doc=cls.__doc__, ordered=getattr(cls, "ordered", ()), **more)

    return declared


def crop(id, version, *, boxes=False):
    """Declares a crop strategy: a class with crop(key, size, box, view), a pure function to
    a Rect. With boxes it goes by the box of an object, so that the host finds one for each
    image. The class's docstring is the plugin's, one sentence with its source."""
    return _declaration("crop", id, version, style="crop", signature="boxes" if boxes else "")


def loss(id, version, signature):
    """Declares a loss of a signature: a class with loss(*inputs), traced."""
    return _declaration("loss", id, version, signature=known(signature))


def eval_loss(id, version, signature):
    """Declares a loss that is evaluated at each step: a class with eval(*arrays) to the
    value and a buffer of float32 for each f32 input. See fw.torch for PyTorch's losses."""
    return _declaration("loss", id, version, signature=known(signature), style="eval")


def pretext(id, version, signature, *, loss="", crop="", augment=""):
    """Declares a pretext task: a class with views(v) and objective(s). signature is of the
    loss it needs; the rest is what it is published with."""
    return _declaration("pretext", id, version, signature=known(signature), defaults=(loss, crop, augment))


def augment(id, version):
    """Declares an augmentation: a class with augment(v, picture), traced."""
    return _declaration("augment", id, version)


def eval_augment(id, version):
    """Declares an augmentation that computes on pixels, which cannot be traced: a class with
    retouch(key, view, picture), which changes picture.data in place. The same arguments must
    give the same picture. Each batch's pictures are copied here and back."""
    return _declaration("augment", id, version, style="eval")


def backbone(id, version):
    """Declares a network: a class with stage(s, name, x), traced."""
    return _declaration("backbone", id, version)


def known(signature):
    if signature not in SIGNATURES:
        raise ValueError(f"unknown signature {signature!r}; expected one of {', '.join(SIGNATURES)}")
    return signature


def handler(plugins):
    """Answers calls for a list of plugins: by the name of the method and the request."""
    by_id = {p.id: p for p in plugins}

    def describe(_):
        w = Writer()
        w.uint(1, 1)  # the ABI
        w.uint(2, 1)  # of programs
        for p in plugins:
            w.message(3, p.info())
        return bytes(w.b)

    def of(method):
        def answer(b):
            id = next((f.string() for f in fields(b) if f.number == 1), "")
            if id not in by_id:
                raise Refusal(f"no plugin {json.dumps(id, ensure_ascii=False)} here")
            try:
                return getattr(by_id[id], method)(b)
            except ParamFault as e:
                raise Refusal(f"{id}: parameter {e.args[0]}: {e.args[1]}") from None

        return answer

    return {"Describe": describe, "Trace": of("trace"), "Crop": of("crop"), "Eval": of("eval")}
