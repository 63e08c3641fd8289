"""Files of a data set: JSON, paths that stay inside a root, digests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from cir_bench.errors import DataError


def read_json(path: Path, source: str) -> Any:
    """The content of a JSON file, with or without a byte order mark.

    Args:
        path: the file.
        source: where users get it, for the message about a missing file: "copy it from {source}".

    Raises:
        DataError: the file is missing, unreadable, not JSON in UTF-8, or contains a lone surrogate (half a character,
            which JSON can express but nothing can encode).
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = json.loads(text)
        if "\\ud" in text.lower():  # looking for one is costly, and they are rare
            json.dumps(data, ensure_ascii=False).encode()
        return data
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing; copy it from {source}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeEncodeError as error:
        raise DataError(
            f"{path} contains {error.object[error.start]!r}, half of a character; write the whole one."
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON in UTF-8 ({error}); download it again.") from error


def inside(root: Path, relative: str) -> Path:
    """The path of ``relative`` (``/`` between folders) below ``root``; the file need not exist.

    Raises:
        DataError: ``relative`` is empty or absolute, or leaves ``root`` by ``..`` or a symbolic link.
    """
    plain, windows = PurePosixPath(relative), PureWindowsPath(relative)
    escapes = plain.is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\0" in relative
    if not plain.parts or escapes:
        raise DataError(f"The file name {relative!r} must be a relative path inside {root}.")
    path = root.joinpath(*plain.parts)
    if not path.resolve().is_relative_to(root.resolve()):
        raise DataError(f"The file name {relative!r} leads outside {root} by a symbolic link; put the file inside.")
    return path


def file_digest(path: Path) -> str:
    """Hex digest (BLAKE2b, 160 bits) of a file's bytes.

    Raises:
        DataError: the file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=20)
    try:
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    except OSError as error:
        raise DataError(f"The file {path} cannot be read: {error.strerror or error}.") from error
    return digest.hexdigest()
