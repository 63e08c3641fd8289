"""Writes the pages of reference/ from the command line, the source and the reported numbers: ``make reference``.

``api.md`` is the committed snapshot of everything that a third party may import. A test fails when one of them is not
current, so that a changed option, name, signature or docstring shows in the diff of a commit.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reference_api import api_page
from reference_cli import cli_page
from reference_reported import reported_page

HERE = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py; `make reference` writes it again. -->\n"


def pages() -> dict[Path, str]:
    """Every generated page."""
    made = {"cli.md": cli_page(), "api.md": api_page(), "reported.md": reported_page()}
    return {HERE / "reference" / name: f"{NOTE}\n{text}" for name, text in made.items()}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8", newline="\n")
        print(path, file=sys.stderr)
