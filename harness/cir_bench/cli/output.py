"""What verbs print: JSON documents and aligned columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_core import to_json


def print_json(value: Any) -> None:
    """One JSON document on stdout; sets are sorted, infinities are strings as in records."""
    print(to_json(_sorted_sets(value), indent=2, inf_nan_mode="strings").decode())


def _sorted_sets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted_sets(inner) for key, inner in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return [_sorted_sets(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def columns(rows: Iterable[tuple[str, ...]], indent: str = "  ") -> Iterator[str]:
    """Rows as lines with aligned columns; the last one is not padded."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        yield (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
