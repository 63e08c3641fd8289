"""The site's first page begins with the committed leaderboards, and the report of their records stands next to it.

A hook of MkDocs (``hooks`` in mkdocs.yml). The tables are those of ``leaderboard/*.md``, as on GitHub.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LEADERBOARDS = ("LEADERBOARD.md", "FASHIONIQ.md")
SOURCE = "https://github.com/cir-bench/cir-bench/blob/main/leaderboard/"
REPORT = "report.html"
HERE = "<!-- leaderboards -->"
"""Where in docs/index.md they are put."""


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """The first page with the leaderboards; every other page as it is."""
    return markdown.replace(HERE, leaderboards()) if page.file.src_uri == "index.md" else markdown


def on_post_build(config: Any) -> None:
    """Write the report of the committed records next to the first page."""
    from cir_bench.records.load import load_records
    from cir_bench.report import report_page, report_sections

    records, damaged = load_records([ROOT / "leaderboard" / "records"])
    path = Path(config["site_dir"]) / REPORT
    path.write_text(report_page(report_sections(records), damaged), encoding="utf-8")


def leaderboards() -> str:
    """The first table of every section, with what is said of its rows."""
    parts = [
        f'<a href="{REPORT}">The report</a> has the same tables to sort and filter, with charts. '
        "[Reading the leaderboard](leaderboard.md) explains places, intervals and `*`."
    ]
    for name in LEADERBOARDS:
        text = (ROOT / "leaderboard" / name).read_text(encoding="utf-8")
        for title, body in re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", text, re.MULTILINE):
            table = re.search(r"(?:^\|.*\n)+", body, re.MULTILINE)
            remarks = re.findall(r"^- \\\* .*\n", body, re.MULTILINE)
            more = f"[Conditions, more columns, reported numbers]({SOURCE}{name})."
            parts += [f"## {title}", table[0] if table else "", "".join(remarks), more]
    return "\n\n".join(part.strip() for part in parts if part)
