"""Standard output that accepts any text in any encoding, and may be closed: no run may fail because of a name."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

ERRORS = "cir-bench-escape"
UNREAD = 141
"""Exit code when nobody reads the output any more: that of a program which SIGPIPE ends."""


def _escape(error: UnicodeError) -> tuple[str, int]:
    r"""The characters as JSON writes them (``\u00e9``; two escapes beyond 16 bits), so that --json stays JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs), error.end


codecs.register_error(ERRORS, _escape)


def open_streams() -> None:
    """Replace standard streams that the caller closed (``>&-``) by ones that drop what is written."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (open until the process ends)


def drop_output() -> None:
    """Drop whatever this process writes to its standard streams from now on."""
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open until the process ends)


def write_anything(*streams: TextIO) -> None:
    """Make streams robust for the rest of the process.

    Characters that a stream's encoding lacks are written as escapes; a plugin cannot close it; when nobody reads it any
    more (``cir-bench ls | head``), the verb ends with `UNREAD`.
    """
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)
            _when_unread(stream, _end)
            vars(stream)["close"] = stream.flush


def outlive_readers(*streams: TextIO) -> None:
    """When nobody reads these streams any more, drop what is written to them, and go on."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            _when_unread(stream, lambda: None)


def _when_unread(stream: io.TextIOWrapper, then: Callable[[], None]) -> None:
    for name in ("write", "flush"):
        vars(stream)[name] = _guarded(stream, getattr(type(stream), name), then)


def _guarded(stream: io.TextIOWrapper, method: Callable[..., Any], then: Callable[[], None]) -> Callable[..., Any]:
    def call(*texts: str) -> Any:
        try:
            return method(stream, *texts)
        except BrokenPipeError:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, stream.fileno())  # for what is still in the buffer, and for all that follows
            os.close(nothing)
            then()
            return sum(map(len, texts))

    return call


def _end() -> None:
    raise SystemExit(UNREAD)
