"""plugin.toml: what a plugin is, without starting it."""

import json

from .params import shown


def manifest(plugin, artifact, sha256):
    """The manifest of a plugin whose one artifact runs on any platform that has Python."""
    lines = []

    def put(key, value, kind="string"):
        if value not in ("", [], None):
            lines.append(f"{key} = {shown(kind, value)}")

    for key in ("id", "version", "kind", "doc", "style", "signature"):
        put(key, getattr(plugin, key))
    put("abi", 1, "int")
    put("ir", [1, 1], "ints")
    if any(plugin.defaults):
        lines += ["", "[defaults]"]
        for key, id in zip(("loss", "crop", "augment"), plugin.defaults):
            put(key, id)
    for name, p in plugin.specs.items():
        lines += ["", "[[param]]"]
        put("name", name)
        put("type", p.kind)
        lines.append(f"default = {shown(p.kind, p.default)}")
        for key, bound, is_open in (("min", p.min, p.min_open), ("max", p.max, p.max_open)):
            if bound is not None:
                put(key, float(bound), "float")
                if is_open:
                    lines.append(f"{key}_open = true")
        if p.choices:
            lines.append(f"choices = {json.dumps(p.choices, ensure_ascii=False)}")
        put("doc", p.doc)
    lines += ["", "[[artifact]]", 'carrier = "process"', 'platform = "any"']
    put("path", artifact)
    put("sha256", sha256)
    return "\n".join(lines) + "\n"
