"""Whether a worker has the code and the versions of the machine that asks. Imports no torch."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from cir_bench.runs.cell import Cell
from cir_bench.runs.code import changed_code, code_ingredients
from cir_bench.version import __version__

COMPARED = ("torch", "torchvision", "numpy", "open_clip_torch", "timm", "pillow")
"""Distributions that numbers come from."""


@cache
def versions() -> Mapping[str, str]:
    """Of Python, of cir-bench with its code, and of the distributions that numbers come from."""
    found = {"Python": ".".join(platform.python_version_tuple()[:2]), "cir-bench": __version__, "the harness": _code()}
    for name in COMPARED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def known_of(cell: Cell) -> dict[str, str]:
    """The ingredients of a cell that are known without loading data: settings and code."""
    return {**cell.static_ingredients(), **code_ingredients(cell)}


def difference(asked: Mapping[str, str], here: Mapping[str, str]) -> str:
    """The first difference in words, as in ``torch is 2.6.0 there and 2.7.1 on the machine that asks``; or nothing."""
    for name in sorted({*asked, *here}):
        theirs, ours = here.get(name, "absent"), asked.get(name, "absent")
        if theirs != ours:
            if code := changed_code(name, ours, theirs):
                return f"the {code}"
            return f"{name} is {theirs:.40} there and {ours:.40} on the machine that asks"
    return ""


def _code() -> str:
    """Digest of the harness's source files."""
    package = Path(sys.modules["cir_bench"].__file__ or "").parent
    sha256 = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        sha256.update(f"{path.relative_to(package).as_posix()}\n".encode() + path.read_bytes())
    return sha256.hexdigest()[:16]
