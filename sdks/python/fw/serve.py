"""A plugin as a process: hashicorp/go-plugin's protocol over gRPC on a unix socket."""

import collections
import importlib
import os
import sys
import threading
import time
import traceback

from .params import Refusal
from .plugin import handler
from .trace import Mistake, inside
from .wire import WireError

COOKIE = ("FW_PLUGIN", "3f0a6c1e-fw-plugin")
SERVICE = "fw.plugin.v1.Plugin"
HANDSHAKE, ABI = 1, 1  # go-plugin's version, and ours
MAX_MESSAGE = 256 << 20
MAX_ERROR = 6000  # characters: an error travels in a header
PIP = {"grpc": "grpcio", "PIL": "pillow", "sklearn": "scikit-learn", "cv2": "opencv-python-headless", "yaml": "pyyaml"}

declared = None  # what serve was called with while a plugin's file is imported


def serve(*plugins):
    """Declares what a plugin's file has; called last."""
    if declared is None:
        sys.exit("this is a plugin of fw; build it by: python3 -m fw build FILE, and name its folder in an experiment")
    declared.extend(plugins)


def load(module):
    """The plugins that a file declares."""
    global declared
    declared = []
    try:
        importlib.import_module(module)
        if not declared:
            raise Refusal(f"{module}.py declares no plugin: end it with fw.serve(...)")
        return declared
    finally:
        declared = None


def missing(e):
    """One sentence on a module that is not there, with the cure."""
    top = (e.name or "").partition(".")[0]
    return f"no module {e.name!r} in {sys.executable}; install it there: {sys.executable} -m pip install {PIP.get(top, top)}"


class Words:
    """The standard error, and the last of what was written there."""

    def __init__(self, stream):
        self._stream, self._last = stream, collections.deque(maxlen=40)

    def write(self, s):
        self._last.append(s)
        return self._stream.write(s)

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def start(self):
        self._last.clear()

    def last(self):
        return "".join(self._last).strip()


def explained(e, words):
    """An exception in words: the author's place, what happened, the way there without this
    package's frames, and what was printed in the call."""
    if isinstance(e, (Refusal, Mistake, WireError)):
        return str(e)
    frames = [f for f in traceback.extract_tb(e.__traceback__) if not inside(f.filename) and not f.filename.startswith("<frozen")]
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    own = [f for f in frames if os.path.abspath(f.filename).startswith(home + os.sep)]
    text = f"{type(e).__name__}: {e}" if not isinstance(e, ModuleNotFoundError) else missing(e)
    if own:
        text = f"{os.path.basename(own[-1].filename)}:{own[-1].lineno}: {text}"
    if isinstance(e, ModuleNotFoundError):
        return text
    text += "\n" + "".join(traceback.format_list(frames)).rstrip()
    printed = words.last()
    return (text + ("\nprinted:\n" + printed if printed else ""))[:MAX_ERROR]


def die_with_parent():
    """Ends the process when its parent is another one: the host was killed."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def main(module):
    """Serves the plugins of a file. The file is imported at the first call, so that what is
    wrong with it is that call's error."""
    if os.environ.get(COOKIE[0]) != COOKIE[1]:
        sys.exit("this is a plugin of fw; name its folder in an experiment and start it by: fw run experiment.toml")
    try:
        import grpc
    except ModuleNotFoundError as e:
        sys.exit(missing(e))
    handshake = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed is for the user to see
    sys.stderr = sys.stdout = words = Words(sys.stderr)
    threading.Thread(target=die_with_parent, daemon=True).start()

    turn, stop, answers = threading.Lock(), threading.Event(), {}

    def method(name):
        def call(request, context):
            with turn:  # one call at a time
                words.start()
                try:
                    if not answers:
                        answers.update(handler(load(module)))
                    return answers[name](request)
                except Exception as e:
                    error = explained(e, words)
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, error)

        return grpc.unary_unary_rpc_method_handler(call)

    def shutdown(_request, _context):
        stop.set()
        return b""

    def healthy(_request, _context):
        return b"\x08\x01"  # SERVING

    unary = grpc.unary_unary_rpc_method_handler
    services = {
        SERVICE: {name: method(name) for name in ("Describe", "Trace", "Crop", "Eval")},
        "plugin.GRPCController": {"Shutdown": unary(shutdown)},
        "grpc.health.v1.Health": {"Check": unary(healthy)},
    }
    from concurrent.futures import ThreadPoolExecutor

    limits = [("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.max_send_message_length", MAX_MESSAGE)]
    server = grpc.server(ThreadPoolExecutor(max_workers=2), options=limits)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(s, methods) for s, methods in services.items()])
    address = os.path.join(os.environ.get("PLUGIN_UNIX_SOCKET_DIR", "."), "plugin.sock")
    server.add_insecure_port("unix:" + address)
    server.start()
    handshake.write(f"{HANDSHAKE}|{ABI}|unix|{address}|grpc\n")
    handshake.flush()
    stop.wait()
    server.stop(grace=0.2).wait()
    os._exit(0)  # whatever threads a plugin has left
