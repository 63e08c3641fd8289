"""Digests inside files, by which damage is noticed when they are read back: a flipped bit, a copy cut short."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

KEY = "content_sha256"
"""The key of a sealed JSON object with the digest of all others."""
TAIL = hashlib.sha256().digest_size
BLOCK = 1 << 20


def seal_json(text: str) -> dict[str, Any]:
    """The JSON object ``text`` with the digest of its content."""
    content: dict[str, Any] = json.loads(text)
    return {**content, KEY: _of_content(content)}


def check_json(content: Any) -> None:
    """ValueError if a parsed JSON object has a digest, and it is not that of its content."""
    if isinstance(content, Mapping) and content.get(KEY, "") not in {"", _of_content(content)}:
        raise ValueError("it was changed or damaged after it was written")


def seal_file(path: Path) -> None:
    """Append the digest of a file's content to it."""
    digest = bytes.fromhex(file_digest(path))
    with path.open("ab") as file:
        file.write(digest)


def is_intact(path: Path) -> bool:
    """Whether a file ends in the digest of everything before it; OSError if it cannot be read."""
    length = path.stat().st_size - TAIL
    with path.open("rb") as file:
        return length >= 0 and _digest(file, length) == file.read(TAIL).hex()


def file_digest(path: Path) -> str:
    """Hex SHA-256 of a file; OSError if it cannot be read."""
    with path.open("rb") as file:
        return _digest(file, path.stat().st_size)


def _digest(file: BinaryIO, length: int) -> str:
    """Of the next ``length`` bytes, or of what there is of them."""
    sha256 = hashlib.sha256()
    while length > 0 and (block := file.read(min(BLOCK, length))):
        sha256.update(block)
        length -= len(block)
    return sha256.hexdigest()


def _of_content(content: Mapping[str, Any]) -> str:
    others = {key: value for key, value in content.items() if key != KEY}
    return hashlib.sha256(json.dumps(others, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
