"""Small pieces of GitHub markdown: safe texts, tables, counts."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from tabulate import tabulate

LONGEST_TEXT = 240
_SPECIAL = re.compile(r"([\\|*`\[\]])")


def plain(text: str) -> str:
    """Text of others (an exception, a description) on one line, so that it cannot break or mark up a table."""
    one_line = " ".join(text.split())
    if len(one_line) > LONGEST_TEXT:
        one_line = one_line[: LONGEST_TEXT - 1].rstrip() + "…"
    return _SPECIAL.sub(r"\\\1", html.escape(one_line, quote=False))


def code(text: str) -> str:
    """A name as code; inside a table the bar is written so that GitHub does not end the cell."""
    return "`" + " ".join(text.replace("`", "'").split()).replace("|", "\\|") + "`"


def count(number: int) -> str:
    """``12,345``."""
    return f"{number:,}"


def size(number: int) -> str:
    """``0``, ``812``, ``36.6 k``, ``1.05 M``: three digits."""
    rounded = float(f"{number:.3g}")
    for unit, name in ((1_000_000_000, " G"), (1_000_000, " M"), (1000, " k")):
        if rounded >= unit:
            return f"{rounded / unit:.3g}{name}"
    return str(number)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[str]) -> str:
    """A table in GitHub's format; columns named in ``left`` are aligned left, all others right."""
    align = ["left" if header in left else "right" for header in headers]
    return tabulate(rows, headers=headers, tablefmt="github", colalign=align, disable_numparse=True)


def cells(line: str) -> list[str]:
    """The cells of one line of a table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
