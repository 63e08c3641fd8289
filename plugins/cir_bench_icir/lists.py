"""The lists of i-CIR: lines of a path, a text and an instance; errors name file and line."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from cir_bench import DataError
from cir_bench.utils import missing_file, read_bounded

SOURCE = "https://github.com/billpsomas/icir"
MOST_BYTES = 512 * 2**20


class Line(NamedTuple):
    """An image of a list."""

    path: str
    text: str
    instance: str


def read_list(path: Path) -> list[Line]:
    """Lines ``PATH,TEXT,INSTANCE`` without a head, split at every comma, as the authors do; `DataError` for others."""
    if not path.is_file():
        raise DataError(f"{missing_file(path, f'it comes with the images, see {SOURCE}')}.")
    try:
        text = read_bounded(path, MOST_BYTES).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    lines = [_line(f"{path}, line {number},", line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise DataError(f"{path} is empty; unpack it again.")
    return lines


def _line(where: str, line: str) -> Line:
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != 3 or not all(parts):
        raise DataError(f"{where} must be a path, a text and an instance with commas between them, not {line!r:.80}.")
    return Line(*parts)
