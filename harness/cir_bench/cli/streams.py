"""Standard output that accepts any text in any encoding: no run may fail because of a name."""

from __future__ import annotations

import codecs
import io
from typing import TextIO

ERRORS = "cir-bench-escape"


def _escape(error: UnicodeError) -> tuple[str, int]:
    r"""The characters as JSON writes them (``\u00e9``; two escapes beyond 16 bits), so that --json stays JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs), error.end


codecs.register_error(ERRORS, _escape)


def write_anything(*streams: TextIO) -> None:
    """Write characters that a stream's encoding lacks as escapes, instead of raising; a plugin cannot close it."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)
            vars(stream)["close"] = stream.flush
