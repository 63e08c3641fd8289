"""What verbs print and return: JSON documents, sizes, an exit code."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

PROBLEM = 1
"""Exit code of a verb that did its work and found something wrong."""


def print_json(value: Any) -> None:
    """One JSON document on stdout; sets are sorted, infinities are strings as in records."""
    print(to_json(_sorted_sets(value), indent=2, inf_nan_mode="strings").decode())


def _sorted_sets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted_sets(inner) for key, inner in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return [_sorted_sets(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def bytes_as_text(size: float) -> str:
    """``1.2 MB``: powers of 1000, as on disks and download pages."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def name_as_text(name: str) -> str:
    """A file's name on one line: line breaks and characters that steer a terminal are shown as in Python's strings."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in name)
