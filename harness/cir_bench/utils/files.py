"""Files of a data set: JSON, paths that stay inside a root, images under another suffix, digests."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import unicodedata
from collections.abc import Collection
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from cir_bench.bounded import MIB, parse_json, read_bounded
from cir_bench.errors import DataError, examples

MOST_BYTES = 512 * MIB
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
"""Of image files; they may also be in capitals."""


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
        text = read_bounded(path, MOST_BYTES).decode("utf-8-sig")
        data = parse_json(text)
        if "\\ud" in text.lower():  # looking for one is costly, and they are rare
            json.dumps(data, ensure_ascii=False).encode()
        return data
    except FileNotFoundError as error:
        raise DataError(f"{missing_file(path, f'copy it from {source}')}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeEncodeError as error:
        raise DataError(
            f"{path} contains {error.object[error.start]!r}, half of a character; write the whole one."
        ) from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON in UTF-8 ({error}); download it again.") from error


def inside(root: Path, relative: str, *, follow_links: bool = False) -> Path:
    """The path of ``relative`` below ``root``; the file need not exist.

    Args:
        root: a folder.
        relative: with ``/`` between folders; backslashes are taken for it, unless a file has them in its name.
        follow_links: allow symbolic links that lead out of ``root``, as users ask for with ``--follow-links``.

    Raises:
        DataError: ``relative`` is empty, absolute or no possible name, or leaves ``root`` by ``..`` or a symbolic link.
    """
    windows = PureWindowsPath(relative)
    escapes = relative.startswith("/") or windows.drive or windows.root or ".." in windows.parts or "\0" in relative
    if not windows.parts or escapes:
        raise DataError(f"The file name {relative!r} must be a relative path inside {root}.")
    path = root.joinpath(*PurePosixPath(relative).parts)
    try:
        if "\\" in relative and not path.exists():
            path = root.joinpath(*windows.parts)
        leads_outside = _meets_link(root, path) and not path.resolve().is_relative_to(root.resolve())
        os.lstat(path)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:  # too long for the system, or half a character
        raise DataError(f"The file name {relative!r:.100} in {root} cannot be looked up ({error!s:.100}).") from error
    if not follow_links and leads_outside:
        raise DataError(
            f"The file name {relative!r} leads outside {root} by a symbolic link; put the file inside, or allow links "
            "with --follow-links."
        )
    return path


def _meets_link(root: Path, path: Path) -> bool:
    """Whether a folder below ``root`` on the way to ``path``, or it itself, is a symbolic link."""
    below = os.fspath(root)
    for part in path.parts[len(root.parts) :]:
        below = os.path.join(below, part)
        if os.path.islink(below):
            return True
    return False


def image_file(path: Path) -> Path:
    """The file of an image: ``path``, or a file of the same name with another of `IMAGE_SUFFIXES` (also in capitals).

    Accented letters may be composed or decomposed. Without such a file, ``path`` itself is returned.
    """
    if path.is_file():
        return path
    stems = dict.fromkeys(unicodedata.normalize(form, path.stem) for form in ("NFC", "NFD"))
    suffixes = dict.fromkeys([path.suffix, *IMAGE_SUFFIXES, *(suffix.upper() for suffix in IMAGE_SUFFIXES)])
    places = (path.with_name(stem + suffix) for stem in stems for suffix in suffixes)
    return next((place for place in places if place.is_file()), path)


def missing_file(path: Path, remedy: str = "", *, names: Collection[str] | None = None) -> str:
    """``PATH is missing; REMEDY (its folder has …)``: with the most similar names, or the folder that does not exist.

    Args:
        path: the file.
        remedy: what to do.
        names: the names that it is compared with; None: those in its folder.
    """
    return f"{path} is missing{'; ' * bool(remedy)}{remedy} ({_instead(path, names)})"


def _instead(path: Path, names: Collection[str] | None) -> str:
    folder = next((parent for parent in path.parents if parent.is_dir()), Path("."))
    if names is None and folder != path.parent:
        return f"{folder} has no folder {path.relative_to(folder).parts[0]}"
    try:
        found = sorted(os.listdir(folder) if names is None else names)
    except OSError as error:
        return f"its folder cannot be listed: {error.strerror}"
    wanted = path.name.casefold()
    near = sorted(found, key=lambda name: -_equal_letters(name.casefold(), wanted))
    return f"its folder has {examples(near)}" if near else "its folder is empty"


def file_digest(path: Path) -> str:
    """Hex digest (BLAKE2b, 160 bits) of a file's bytes.

    Raises:
        DataError: the file cannot be read, or is none: a pipe would be waited for without end.
    """
    digest = hashlib.blake2b(digest_size=20)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"The file {path} cannot be read: it is a folder, a pipe or a device.")
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    except OSError as error:
        raise DataError(f"The file {path} cannot be read: {error.strerror or error}.") from error
    return digest.hexdigest()


def _equal_letters(one: str, other: str) -> int:
    """How many letters two names have in common at their beginning."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
