"""Errors for a user's mistake: one sentence that says what is wrong, where, and what to do.

The command line prints the sentence without a traceback. Any other exception is a bug, of the harness or of a plugin,
and keeps its traceback.
"""

from __future__ import annotations

import difflib
import errno
import os
import traceback
from collections.abc import Iterable, Sequence

DEBUG = "CIR_BENCH_DEBUG"
"""The environment variable that shows the traceback of every error."""


class CirBenchError(Exception):
    """Base of every error that is reported to the user as one sentence."""


class ConfigError(CirBenchError):
    """An option, a name or a configuration value that cannot be used."""


class DataError(CirBenchError):
    """A data set, an annotation file, an image or a prediction file that cannot be used."""


class PairingError(CirBenchError):
    """A method and an encoder that cannot work together."""


class PluginError(CirBenchError):
    """A plugin that cannot be loaded or that broke its contract."""


class RunError(CirBenchError):
    """A cell that cannot be trained or evaluated."""


class StorageError(RunError):
    """A file of a run that cannot be written or read at the moment: a full disk, a missing permission."""


DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Error numbers of the system for a full disk, quota or file."""


_WRONG_KIND = frozenset({errno.EISDIR, errno.ENOTDIR, errno.EEXIST})


def unwritable(what: str, error: Exception) -> StorageError:
    """The error for a file of a run that cannot be written, with what to do about it."""
    remedy = "free some space"
    if isinstance(error, OSError) and error.errno not in DISK_FULL:
        remedy = "remove what has its name" if error.errno in _WRONG_KIND else "make it writable"
    why = getattr(error, "strerror", None) or error
    return StorageError(
        f"{what} cannot be written ({why}); {remedy}, or choose another folder with --out, and run it again."
    )


def debugging() -> bool:
    """Whether the user wants to see tracebacks."""
    return os.environ.get(DEBUG, "") not in {"", "0"}


def nearest(name: str, known: Iterable[str], similar: float) -> str | None:
    """The known name that is most like ``name``; None if none is as ``similar``, of 1."""
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=similar)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of an error message: the nearest known name, or all of them if none is near."""
    names = sorted(known)
    if near := nearest(name, names, 0.5):
        return f"did you mean {near!r}?"
    return f"known: {', '.join(names)}." if names else "none is known."


MOST_CHARACTERS = 1000
"""Length to which a plugin's messages are cut."""


def printable(text: str) -> str:
    """A text of a plugin on one line, of bounded length, in characters that every file can hold."""
    clean = " ".join(text[: 2 * MOST_CHARACTERS].encode("utf-8", "backslashreplace").decode().split())
    return clean if len(clean) <= MOST_CHARACTERS else clean[:MOST_CHARACTERS] + "…"


def examples(items: Sequence[str], most: int = 3, between: str = ", ") -> str:
    """The first few items for an error message, with a "…" if there are more."""
    return between.join([*items[:most], *(["…"] if len(items) > most else [])])


def without_locals(error: BaseException | None) -> None:
    """Clear the local variables of an error's frames (half a model), so that it can be kept; its traceback stays."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
