"""The image files of a folder, at any depth; nothing is written to them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cir_bench.errors import DataError
from cir_bench.runs.image_digests import ImageDigests
from cir_bench.search.pictures import Pictures
from cir_bench.utils.files import IMAGE_SUFFIXES, inside


def image_files(root: Path, skipped: Path, *, follow_links: bool = False) -> tuple[dict[str, Path], dict[str, str]]:
    """The images below a folder by path, sorted, and why others are left out; the folder ``skipped`` is not entered.

    Links that lead out of the folder are only followed with ``follow_links``.
    """
    files: dict[str, Path] = {}
    refused: dict[str, str] = {}
    for name in sorted(_names(root, skipped, follow_links)):
        try:
            name.encode()
            files[name] = inside(root, name, follow_links=follow_links)
        except UnicodeEncodeError:
            shown = name.encode("utf-8", "backslashreplace").decode()
            refused[shown] = f"The name of {shown} is not UTF-8; rename the file."
        except DataError as error:
            refused[name] = str(error)
    return files, refused


def _names(root: Path, skipped: Path, follow_links: bool) -> Iterator[str]:
    seen: set[tuple[int, int]] = set()
    for folder, folders, names in os.walk(root, followlinks=follow_links):
        state = os.stat(folder)
        if (state.st_dev, state.st_ino) in seen or Path(folder).resolve() == skipped:
            folders.clear()  # a link to a folder that contains it, or the index itself
            continue
        seen.add((state.st_dev, state.st_ino))
        for name in names:
            if name.lower().endswith(IMAGE_SUFFIXES):
                yield Path(folder, name).relative_to(root).as_posix()


def content_digests(
    files: Mapping[str, Path], known: Path, unreadable: dict[str, str], progress: Callable[[int, int], None]
) -> dict[str, str]:
    """Digests of the files' contents; those that cannot be read are added to ``unreadable``.

    The file ``known`` has the digests of earlier, and files of the same size and times are not read again.
    """
    digests, found = ImageDigests(Pictures(files), known), {}
    for done, name in enumerate(files, start=1):
        try:
            found[name] = digests.of(name)
        except DataError as error:
            unreadable[name] = str(error)
        progress(done, len(files))
    digests.save()
    return found
