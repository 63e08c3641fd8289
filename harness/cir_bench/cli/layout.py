"""How text is laid out on a terminal: wrapped lines, aligned columns, values and docstrings as plain text."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic_core import to_json

from cir_bench.config import dotted

NARROWEST = 30
"""A last column with less room than this goes below its row."""
_ROLE = re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`")
_CODE = re.compile(r"(`{1,2})([^`]+)\1")
_BLOCK = re.compile(r"\s*(?:[-*+] |\d+\. )")
_FIXED = re.compile(r"\s*(?:\||#|```| {4}\S)")
"""Rows of a table, headings and code, which no other line continues."""


def width() -> int:
    """Columns of the terminal; 80 if there is none."""
    return max(40, shutil.get_terminal_size((80, 24)).columns)


def wrapped(line: str, hang: str = "  ") -> list[str]:
    """A line broken at spaces to the width of the terminal; the further ones begin with ``hang``."""
    if len(line) <= width():
        return [line]
    first = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        line.strip(),
        width(),
        initial_indent=first,
        subsequent_indent=hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def columns(rows: Iterable[tuple[str, ...]], indent: str = "  ") -> Iterator[str]:
    """Rows as lines with aligned columns; the last one is not padded, but wrapped to the width of the terminal."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)][:-1]
    for *cells, last in table:
        head = indent + "".join(cell.ljust(wide) + "  " for cell, wide in zip(cells, widths, strict=True))
        if len(head) + len(last) <= width():
            yield (head + last).rstrip()
        elif width() - len(head) >= NARROWEST:
            lines = wrapped(" " * len(head) + last, " " * len(head))
            yield head + lines[0].lstrip()
            yield from lines[1:]
        else:
            yield head.rstrip()
            yield from wrapped(f"{indent}    {last}", f"{indent}    ")


def plain(text: str) -> str:
    """A docstring without the marks of reStructuredText: code and names of classes as their words."""
    return _CODE.sub(r"\2", _ROLE.sub(r"\1", text))


def value_text(value: Any) -> str:
    """A value as ``--set`` takes it; None is ``none``."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value if value and value == value.strip() else f"'{value}'"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return to_json(sorted(value) if isinstance(value, (set, frozenset)) else value).decode()
    return str(value)


def settings_text(values: Mapping[str, Any]) -> str:
    """Nested values as ``training.lr=0.003, hidden=128``."""
    return ", ".join(f"{key}={value_text(value)}" for key, value in dotted(values).items())


def markdown(text: str) -> Iterator[str]:
    """Markdown wrapped to the width of the terminal; code stays as it is."""
    paragraph: list[str] = []
    code = False
    for line in text.strip().splitlines():
        starts = not line.strip() or _BLOCK.match(line) or _FIXED.match(line) or code
        if paragraph and starts:
            yield from _paragraph(paragraph)
            paragraph = []
        code ^= line.lstrip().startswith("```")
        if code or not line.strip() or line.startswith("    "):
            yield line
        elif _FIXED.match(line):
            yield from wrapped(line, "    ")
        else:
            paragraph.append(line)
    if paragraph:
        yield from _paragraph(paragraph)


def _paragraph(lines: list[str]) -> list[str]:
    mark = _BLOCK.match(lines[0])
    return wrapped(" ".join([lines[0].rstrip(), *map(str.strip, lines[1:])]), " " * (mark.end() if mark else 0))
