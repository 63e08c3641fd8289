"""A package whose names are loaded when they are first used, so that importing it stays light."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(package: str, homes: Mapping[str, str]) -> tuple[list[str], Callable[[str], Any]]:
    """``__all__`` and ``__getattr__`` of a package.

    Args:
        package: its name.
        homes: the names that each module of cir_bench contributes, separated by spaces; by module, without
            ``cir_bench.``.
    """
    home_of = {name: f"cir_bench.{module}" for module, names in homes.items() for name in names.split()}

    def load(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(home_of[name]), name)

    return sorted(home_of), load
