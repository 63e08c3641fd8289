"""Text from records and file names, written so that it marks nothing up: one function for each format.

HTML is escaped by the templates of the report, see `cir_bench.report.rendering`.
"""

from __future__ import annotations

import html
import re
import unicodedata

LONGEST_TEXT = 240
"""Characters of a text in a table."""
LONGEST_LINE = 2000
"""Characters of any other line."""

_MARKDOWN = re.compile(r"([\\|*`\[\]]|(?<!\w)_|_(?!\w)|~(?=~))")
_MARKDOWN_BLOCK = re.compile(r"^(?=[-+#=~>]|\d+[.)])(\d*)")
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"},
    **{"±": r"$\pm$", "·": r"$\cdot$", "–": "--", "…": r"\dots{}", "×": r"$\times$", "≥": r"$\ge$", "≤": r"$\le$"},
    **{"—": "---", "−": "$-$", "→": r"$\to$", "“": "``", "”": "''", "‘": "`", "’": "'"},
}
_LATEX_LETTERS = frozenset(map(chr, [*range(0x20, 0x7F), *range(0xC0, 0x100)])) - frozenset("ÐðÞþ")
"""What every LaTeX has in its fonts."""
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def one_line(text: str, most: int = LONGEST_LINE) -> str:
    """Printable text on one line of at most ``most`` characters."""
    printable = text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(printable.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def markdown(text: str, most: int = LONGEST_TEXT) -> str:
    """Within a line of Markdown: a heading, an entry of a table, a sentence of a list."""
    return _MARKDOWN.sub(r"\\\1", html.escape(one_line(text, most), quote=False))


def markdown_paragraph(text: str) -> str:
    """A paragraph of its own, which begins no heading, list or quotation."""
    return _MARKDOWN_BLOCK.sub(r"\1\\", markdown(text))


def markdown_code(text: str) -> str:
    """Between backticks; the bar is escaped so that GitHub does not end the entry of a table."""
    return "`" + one_line(text.replace("`", "'"), LONGEST_TEXT).replace("|", "\\|") + "`"


def latex(text: str, most: int = LONGEST_TEXT) -> str:
    """Anywhere in LaTeX; a character that its fonts may lack is written by its number, so that the text compiles."""
    return "".join(map(_latex, one_line(unicodedata.normalize("NFC", text), most)))


def _latex(letter: str) -> str:
    return _LATEX.get(letter, letter if letter in _LATEX_LETTERS else f"(U+{ord(letter):04X})")


def csv(text: str) -> str:
    """A field of CSV that a spreadsheet does not take for a formula."""
    line = one_line(text)
    return f"'{line}" if line.startswith(_FORMULA) else line
