"""The version of cir-bench, from the metadata of the installed distribution alone."""

from __future__ import annotations

from importlib import metadata


def _installed() -> str:
    try:
        return metadata.version("cir-bench")
    except metadata.PackageNotFoundError:  # run from a bare source folder
        return "0+unknown"


__version__ = _installed()
