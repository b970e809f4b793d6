"""python3 -m fw build FILE: a plugin's folder from its source."""

import argparse
import hashlib
import io
import os
import sys
import zipfile

from .manifest import manifest
from .serve import Words, explained, load

ENTRY = "from fw.serve import main\n\nmain({module!r})\n"


def archive(interpreter, files):
    """An executable zip archive, the same bytes for the same files: uncompressed, undated."""
    b = io.BytesIO()
    b.write(f"#!{interpreter}\n".encode())
    with zipfile.ZipFile(b, "a", zipfile.ZIP_STORED) as z:
        for name, text in sorted(files.items()):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            z.writestr(info, text)
    return b.getvalue()


def sources(folder):
    """The files of a folder that are imported by now, a virtual environment's aside, and
    this package's."""
    paths = {getattr(m, "__file__", None) or "" for m in list(sys.modules.values())}
    here = os.path.dirname(os.path.abspath(__file__))
    names = {os.path.relpath(p, folder).replace(os.sep, "/"): p for p in paths if p.startswith(folder + os.sep) and p.endswith(".py")}
    files = {name: p for name, p in names.items() if not p.startswith(here + os.sep) and "site-packages" not in name.split("/")}
    files.update({f"fw/{name}": os.path.join(here, name) for name in os.listdir(here) if name.endswith(".py")})
    out = {}
    for name, path in files.items():
        with open(path, "rb") as f:
            out[name] = f.read()
    return out


def build(source, out, interpreter):
    folder, name = os.path.split(os.path.abspath(source))
    module = name.removesuffix(".py")
    sys.path.insert(0, folder)
    try:
        plugins = load(module)
    except Exception as e:
        sys.exit(explained(e, Words(sys.stderr)))
    files = sources(folder)
    files["__main__.py"] = ENTRY.format(module=module).encode()
    b = archive(interpreter, files)
    sha256 = hashlib.sha256(b).hexdigest()
    os.makedirs(out, exist_ok=True)
    path = os.path.join(out, f"{module}.pyz")
    with open(path, "wb") as f:
        f.write(b)
    os.chmod(path, 0o755)
    print(f"{path}: {len(b)} bytes, sha256 {sha256}")
    if len(plugins) > 1:  # a manifest is of one plugin
        print(f"{len(plugins)} plugins: list them in a registry.toml")
        return
    with open(os.path.join(out, "plugin.toml"), "w", encoding="utf-8") as f:
        f.write(manifest(plugins[0], f"{module}.pyz", sha256))


def main():
    parser = argparse.ArgumentParser(prog="python3 -m fw", description="Builds plugins of fw in Python.")
    verb = parser.add_subparsers(dest="verb", required=True).add_parser("build", help="make FILE's archive and plugin.toml")
    verb.add_argument("file")
    verb.add_argument("--out", help="the plugin's folder; without it that of FILE")
    verb.add_argument("--python", default=sys.executable, help="the interpreter that runs it, with the modules it needs; without it this one")
    a = parser.parse_args()
    build(a.file, a.out or os.path.dirname(os.path.abspath(a.file)), a.python)


main()
