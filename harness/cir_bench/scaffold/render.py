"""A new package from the templates: rendered in memory, then written whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from cir_bench.atomic import replacing_folder
from cir_bench.errors import ConfigError
from cir_bench.scaffold.names import Names
from cir_bench.version import __version__

TEMPLATES = Path(__file__).with_name("templates")
SUFFIX = ".tmpl"
"""Of template files: they are not valid Python, Markdown or YAML yet."""
_PLACE = re.compile(r"@@(\w+)@@")

PackageKind = Literal[
    "method", "reranker", "pseudo-words", "artefact", "dataset", "encoder", "joint-encoder", "pseudo-word-encoder"
]
"""A composer, a loss and the method that uses both; a method with a second stage; a zero-shot method with pseudo-words;
a method on texts that were made elsewhere; a data set with a benchmark; an encoder of images and texts, one that also
reads both together, and one whose text tower reads pseudo-words."""
_CHANGED: dict[PackageKind, PackageKind] = {"joint-encoder": "encoder", "pseudo-word-encoder": "encoder"}
"""Kinds whose folder has only the files that differ from another kind's."""


def render(names: Names, kind: PackageKind) -> dict[str, str]:
    """The files of a new package: text by path, ``/`` between folders."""
    values = {"name": names.name, "module": names.module, "Class": names.class_name, "version": __version__}
    found: dict[str, str] = {}
    layers = ("common", *([_CHANGED[kind]] if kind in _CHANGED else []), kind)
    for folder in (TEMPLATES / layer for layer in layers):
        for file in folder.rglob(f"*{SUFFIX}"):
            # hidden files get their dot here: packaging tools tend to leave them out
            parts = [re.sub(r"^dot-", ".", part) for part in file.relative_to(folder).with_suffix("").parts]
            found[_filled("/".join(parts), values)] = _filled(file.read_text(encoding="utf-8"), values)
    return dict(sorted(found.items()))


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[1]], text)


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write the files below ``folder``; `ConfigError` if it is not empty or cannot be written."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} exists and is not empty; choose another name, or another place with --out.")
    try:
        with replacing_folder(folder) as temporary:
            for path, text in files.items():
                file = temporary.joinpath(*path.split("/"))
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written ({error.strerror}); choose another place with --out.") from error
