"""A package whose names are loaded when they are first used, so that importing it stays light."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any


def lazy_names(package: str, file: str) -> tuple[list[str], Callable[[str], Any]]:
    """``__all__`` and ``__getattr__`` of a package, from the imports in the stub (``.pyi``) next to its ``file``."""
    home_of = homes(Path(file).with_suffix(".pyi"))

    def load(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(home_of[name]), name)

    return sorted(home_of), load


def homes(stub: Path) -> dict[str, str]:
    """The module of each name that a stub imports."""
    imports = [node for node in ast.parse(stub.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}
