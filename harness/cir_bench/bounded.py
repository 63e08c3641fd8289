"""Reading files that somebody else wrote: no more bytes, depth or digits than such a file can honestly have."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

MIB = 2**20
LARGEST = 2**63 - 1
"""The largest whole number: no file counts further, and arrays hold no more."""
SHOWN = 20


def read_bounded(path: Path, most: int, *, packed: bool = False) -> bytes:
    """The content of a file, unpacked if it is gzipped.

    Raises:
        ValueError: it has more than ``most`` bytes; no more than that are read.
        OSError: it cannot be read, or is not gzipped.
    """
    with path.open("rb") as raw:
        content = (gzip.GzipFile(fileobj=raw) if packed else raw).read(most + 1)
    if len(content) > most:
        raise ValueError(f"it is larger than {most // MIB:,} MiB{' when unpacked' if packed else ''}")
    return content


def parse_json(text: str | bytes, *, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """A JSON document; ``pairs`` makes an object of its keys and values.

    Raises:
        ValueError: it is not JSON, is nested too deeply, or has NaN, an infinity or a number of too many digits.
    """
    try:
        return json.loads(
            text, object_pairs_hook=pairs, parse_int=_whole, parse_float=_finite, parse_constant=_no_number
        )
    except RecursionError as error:
        raise ValueError("its values are nested too deeply") from error


def _whole(digits: str) -> int:
    if len(digits) > SHOWN or abs(number := int(digits)) > LARGEST:
        raise ValueError(f"its number {digits[:SHOWN]}… is too large")
    return number


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


def _no_number(text: str) -> float:
    raise ValueError(f"its number {text[:SHOWN]} is not finite")
